"""The server under load and under kill -9: what is lost, what is refused, how long people wait.

    python benchmarks/bench_server.py                    # small: 12 uploads, 4 at once, 3 kills
    python benchmarks/bench_server.py --uploads 200 --at-once 20 --kills 50
    python benchmarks/bench_server.py --frames 12        # clips of 12 frames, 240x240, for a busy machine
    python benchmarks/bench_server.py --llm embedded     # with a language model's readings

Load: that many different short clips are uploaded and queued at once, while one client keeps stepping through
frames, as a person does. Kills: the server is killed with SIGKILL at a random moment of a queue of jobs and
started again, until every job is done; results that were done before are compared afterwards.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx

from mellm.simulate.generated_clip import demo_clip

RUN = """
import sys
from pathlib import Path
from mellm.web.server_options import ServerOptions
from mellm.web.server import serve
workers, queue = int(sys.argv[2]), int(sys.argv[3])
options = ServerOptions(store=Path(sys.argv[1]), port=0, workers=workers, queue=queue, submissions=0)
serve(options, ready=lambda address: print(address, flush=True))
"""


class Server:
    """A server in a process of its own."""

    def __init__(self, store: Path, workers: int, queue: int) -> None:
        arguments = [sys.executable, "-c", RUN, str(store), str(workers), str(queue)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        address = self.process.stdout.readline().strip()
        self.client = httpx.Client(base_url=f"{address}api/v1/", timeout=120)

    def end(self, how: signal.Signals) -> int:
        self.client.close()
        self.process.send_signal(how)
        return self.process.wait(60)

    def memory(self) -> float:
        """Resident memory of the server process, MiB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.is_file():
            return float("nan")
        line = next(
            line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmRSS")
        )
        return int(line.split()[1]) / 1024


def different(clip: bytes, number: int) -> bytes:
    """The same clip with other bytes: a box that players skip is added at the end."""
    body = f"clip {number}".encode()
    return clip + (8 + len(body)).to_bytes(4, "big") + b"free" + body


def ask(client: httpx.Client, way: str, path: str, **more: Any) -> tuple[httpx.Response, int]:
    """Ask until the server is not too busy; the answer, and how often it said 429."""
    refused = 0
    while True:
        answer = client.request(way, path, **more)
        if answer.status_code != 429:
            return answer, refused
        refused += 1
        time.sleep(min(1.0, float(answer.headers["retry-after"])))


def shorten(path: Path, frames: int) -> None:
    """Cut a clip to its first frames, at a quarter of its size."""
    with av.open(str(path)) as container:
        pictures = [picture for _, picture in zip(range(frames), container.decode(video=0), strict=False)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 240, 240, "yuv420p"
        for picture in pictures:
            small = picture.reformat(240, 240, "yuv420p")
            small.pts = None
            container.mux(stream.encode(small))
        container.mux(stream.encode())


def load(
    clip: bytes, count: int, uploads: int, at_once: int, workers: int, queue: int, given: dict[str, str]
) -> dict[str, Any]:
    """Many uploads at once, one person stepping; every job must end with a result."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), workers, queue)
        client = server.client
        first = ask(client, "POST", "analyses", files={"file": ("first.mp4", clip)}, data=given)[0].json()[
            "id"
        ]
        while client.get(f"jobs/{first}").json()["state"] != "done":
            time.sleep(0.2)
        waits: list[float] = []
        over = threading.Event()

        def step() -> None:
            # Every second frame asked for is one nobody has seen: the decoder has to work.
            with httpx.Client(base_url=client.base_url, timeout=120) as person:
                k = 0
                while not over.is_set():
                    begun = time.perf_counter()
                    width = 480 - (k // count) % 400
                    person.get(f"jobs/{first}/frames/{k % count}", params={"width": width}).raise_for_status()
                    waits.append(time.perf_counter() - begun)
                    k += 1
                    time.sleep(0.1)

        stepping = threading.Thread(target=step)
        stepping.start()
        before, begun = server.memory(), time.perf_counter()

        def one(number: int) -> tuple[str, int, float]:
            started = time.perf_counter()
            answer, refused = ask(
                client,
                "POST",
                "analyses",
                files={"file": (f"{number}.mp4", different(clip, number))},
                data=given,
            )
            answer.raise_for_status()
            return answer.json()["id"], refused, time.perf_counter() - started

        with ThreadPoolExecutor(at_once) as pool:
            accepted = list(pool.map(one, range(uploads)))
        taken = time.perf_counter() - begun
        states: dict[str, str] = {}
        while True:
            states = {job: client.get(f"jobs/{job}").json()["state"] for job, _, _ in accepted}
            if all(state in ("done", "failed", "cancelled") for state in states.values()):
                break
            time.sleep(0.5)
        total = time.perf_counter() - begun
        over.set()
        stepping.join()
        after = server.memory()
        code = server.end(signal.SIGTERM)
    return {
        "uploads": uploads,
        "at_once": at_once,
        "workers": workers,
        "queue": queue,
        "done": sum(state == "done" for state in states.values()),
        "answers_429": sum(refused for _, refused, _ in accepted),
        "seconds_until_all_queued": round(taken, 1),
        "seconds_until_all_done": round(total, 1),
        "seconds_per_job": round(total / uploads, 2),
        "frame_wait_median_ms": round(1000 * statistics.median(waits)),
        "frame_wait_95_ms": round(1000 * sorted(waits)[int(0.95 * len(waits))]),
        "server_mib_before_after": [round(before), round(after)],
        "exit_code": code,
    }


def kills(
    clip: bytes, times: int, workers: int, seed: int, longest: float, given: dict[str, str]
) -> dict[str, Any]:
    """Kill the server at random moments; nothing finished may change, everything must end up done.

    Half of the jobs are there from the beginning, the others come one by one, right before a kill: what the
    server has said yes to must be there afterwards. Finished jobs get an annotation, which must be kept too.
    """
    chance = random.Random(seed)
    jobs = max(4, times // 2)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        server = Server(store, workers, jobs + 1)
        ids: list[str] = []

        def submit() -> None:
            name = f"{len(ids)}.mp4"
            answer = server.client.post(
                "analyses", files={"file": (name, different(clip, len(ids)))}, data=given
            )
            ids.append(answer.raise_for_status().json()["id"])

        for _ in range(jobs // 2):
            submit()
        finished: dict[str, str] = {}
        lost, restarts, broken = 0, [], 0
        for _ in range(times):
            time.sleep(chance.uniform(0.3, longest))
            states = {job: server.client.get(f"jobs/{job}").json()["state"] for job in ids}
            broken += "running" in states.values()
            for job in [job for job, state in states.items() if state == "done" and job not in finished]:
                body = {"base_version": 0, "coder": "Ada", "note": job, "moments": []}
                server.client.put(f"jobs/{job}/annotation", json=body).raise_for_status()
                finished[job] = digest(server.client, job)
            if len(ids) < jobs:
                submit()
            server.end(signal.SIGKILL)
            begun = time.perf_counter()
            server = Server(store, workers, jobs + 1)
            restarts.append(time.perf_counter() - begun)
            lost += sum(digest(server.client, job) != before for job, before in finished.items())
            lost += sum(server.client.get(f"jobs/{job}").status_code != 200 for job in ids)
        while any(server.client.get(f"jobs/{job}").json()["state"] in ("queued", "running") for job in ids):
            time.sleep(0.3)
        lost += sum(digest(server.client, job) != before for job, before in finished.items())
        states = {job: server.client.get(f"jobs/{job}").json()["state"] for job in ids}
        listed = [job["id"] for job in server.client.get("jobs", params={"limit": 200}).json()["jobs"]]
        kept = {part: len(list((store / part).iterdir())) for part in ("media", "results", "drafts")}
        server.end(signal.SIGTERM)
    return {
        "kills": times,
        "while_a_job_ran": broken,
        "jobs": len(ids),
        "done_at_the_end": list(states.values()).count("done"),
        "finished_before_the_last_kill": len(finished),
        "jobs_or_results_lost_or_changed": lost,
        "listed": len(listed),
        "listed_twice": len(listed) - len(set(listed)),
        "folders": kept,
        "restart_median_s": round(statistics.median(restarts), 2),
        "orphans": orphans(),
    }


def digest(client: httpx.Client, job: str) -> str:
    """A finished report and its annotation as one hash; "missing" where there is none."""
    answers = [client.get(f"jobs/{job}/{part}") for part in ("report", "annotation")]
    if any(answer.status_code != 200 for answer in answers):
        return "missing"
    return hashlib.sha256(b"".join(answer.content for answer in answers)).hexdigest()


def orphans() -> int:
    """Worker or decoder processes whose server is gone (Linux)."""
    count = 0
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else []:
        try:
            command = (entry / "cmdline").read_bytes()
            mine = entry.stat().st_uid == os.getuid()
            parent = next(
                int(line.split()[1])
                for line in (entry / "status").read_text(encoding="utf-8").splitlines()
                if line.startswith("PPid")
            )
        except (OSError, StopIteration):
            continue
        modules = (b"mellm.web.worker", b"mellm.web.clip_decoder")
        count += mine and parent == 1 and any(module in command for module in modules)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=12)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--gap", type=float, default=4, help="most seconds between a start and the next kill")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--queue", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames", type=int, help="cut the clip to so many frames of 240x240")
    parser.add_argument("--llm", choices=("none", "embedded"), default="none", help="who writes readings")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        demo_clip(path)
        if given.frames:
            shorten(path, given.frames)
        clip = path.read_bytes()
    count = given.frames or 72
    result: dict[str, Any] = {"cores": os.cpu_count(), "load_average": os.getloadavg()[0], "frames": count}
    form = {"settings": json.dumps({"llm": given.llm})}
    if given.uploads:
        result["load"] = load(clip, count, given.uploads, given.at_once, given.workers, given.queue, form)
    if given.kills:
        result["kills"] = kills(clip, given.kills, given.workers, given.seed, given.gap, form)
    print(json.dumps(result, indent=2))
    if given.json:
        given.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
