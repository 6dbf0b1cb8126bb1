"""Hostile uploads: every one must end as a result or as one sentence, and the server must not notice.

    python benchmarks/bench_hostile.py                 # 40 files
    python benchmarks/bench_hostile.py --files 300
    python benchmarks/bench_hostile.py --llm embedded  # with the language model's readings, which take longer

The files are damaged and forged clips, pictures and animations: flipped bits, cut ends, lying sizes, headers
that promise terabytes, bombs (data that unpacks to a thousand times its size), GIFs without end, files that
are two formats at once, playlists that name other files, other formats under video names, names with paths in
them. A still picture is sent as the onset or the apex of a pair whose other half is good.
Meanwhile a good clip is analysed every now and then; it must come out the same each time. Reported too: the
longest file, and the most resident memory of the server and of one of its child processes.
"""

import argparse
import io
import json
import os
import random
import struct
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np

from mellm.simulate.generated_clip import demo_clip
from mellm.web.server import serving
from mellm.web.server_options import MIB, ServerOptions

NAMES = (
    "clip.mp4",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\x.mp4",
    "/dev/stdin",
    "http://127.0.0.1/x.m3u8",
    "concat:a|b",
    "a\u202egnp.mp4",
    "x" * 199,
    "<script>alert(1)</script>.mp4",
    "'; DROP TABLE jobs; --.mp4",
    "%2e%2e%2fx",
    "NUL",
)


def png(width: int, height: int, data: bytes = b"", text: bytes = b"") -> bytes:
    """A PNG whose header says a size, with whatever data, and perhaps packed text before it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)) if text else b"")
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def seeds() -> dict[str, bytes]:
    """Good files of several kinds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        demo_clip(path)
        clip = path.read_bytes()
    portrait = (files("mellm.data") / "portrait.jpg").read_bytes()
    picture = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
    return {
        "mp4": clip,
        "jpeg": portrait,
        **{kind: cv2.imencode(f".{kind}", picture)[1].tobytes() for kind in ("png", "webp", "tiff", "bmp")},
    }


def gif(frames: int, width: int, height: int) -> bytes:
    """An animation that starts over for ever, of one pixel's data a frame, whatever size it says."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    endless = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    frame = b"\x21\xf9\x04\0\1\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return head + endless + frame * frames + b"\x3b"


def packed(name: str, data: bytes) -> bytes:
    """An archive with one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def forged(good: dict[str, bytes]) -> Iterator[bytes]:
    """Files that lie on purpose."""
    bomb = packed("clip.mp4", bytes(200_000_000))
    yield bomb
    yield packed("../../../../tmp/evil.mp4", good["mp4"])
    yield good["jpeg"] + bomb
    yield good["mp4"] + packed("clip.mp4", good["mp4"])
    yield good["png"] + b"<html><script>alert(1)</script></html>"
    yield b"GIF89a/*" + good["mp4"]
    yield good["jpeg"][:20] + good["mp4"]
    yield b"<!doctype html><script>alert(1)</script>" + good["png"]
    yield png(5800, 5800, bytes(5800 * 5801 * 3))
    yield png(64, 64, bytes(64 * 193), text=bytes(500_000_000))
    yield png(64, 64, bytes(300_000_000))
    yield gif(300_000, 1, 1)
    yield gif(30_000, 64, 64)
    yield gif(2_000, 5000, 5000)
    yield png(100_000, 100_000)
    yield png(2**31 - 1, 1)
    yield png(8000, 4000, bytes(24_004_000 // 100))
    yield b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\xf7\0\0" + bytes(768) + b"\x2c" + bytes(8)
    yield b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    yield b"ffconcat version 1.0\nfile '/etc/passwd'\n"
    yield b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'
    yield b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    yield b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
    yield b"PK\x03\x04" + bytes(2000)
    yield b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85R."
    yield b"\x7fELF" + bytes(5000)
    yield b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrl" + bytes(3000)
    yield b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(3000)
    yield struct.pack(">I4s", 8, b"ftyp") + struct.pack(">I4sQ", 1, b"mdat", 2**62) + bytes(3000)
    yield struct.pack(">I4s", 0xFFFFFFFF, b"moov") + bytes(4000)
    yield b"YUV4MPEG2 W30000 H30000 F1000000:1 Ip A0:0 C420\nFRAME\n" + bytes(1000)
    yield bytes(100_000)
    yield b"\0"


def hostile(number: int) -> Iterator[bytes]:
    """That many different files."""
    chance = random.Random(0)
    good = seeds()
    lies = list(forged(good))
    yield from lies[:number]
    for _ in range(number - len(lies)):
        data = bytearray(good[chance.choice(["mp4", "mp4", *good])])
        way = chance.randrange(5)
        if way == 0:
            del data[chance.randrange(1, len(data)) :]
        elif way == 1:
            for _ in range(chance.choice([1, 10, 1000])):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif way == 2:
            # The first bytes say what the rest is.
            for _ in range(20):
                data[chance.randrange(min(600, len(data)))] = chance.randrange(256)
        elif way == 3:
            at, length = chance.randrange(len(data)), chance.randrange(1, 20_000)
            data[at : at + length] = chance.randbytes(length)
        else:
            at = chance.randrange(len(data))
            data[at:at] = data[at : at + chance.randrange(1, 50_000)]
        yield bytes(data)


class Memory(threading.Thread):
    """Looks at the resident memory of this process and of the analyses every 200 ms (Linux); MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = {"server": 0.0, "worker": 0.0}

    def run(self) -> None:
        while True:
            for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else []:
                if entry.name.isdigit():
                    self._look(entry)
            time.sleep(0.2)

    def _look(self, entry: Path) -> None:
        try:
            rows = dict(
                line.split(":", 1) for line in (entry / "status").read_text(encoding="utf-8").splitlines()
            )
            own, child = int(entry.name) == os.getpid(), int(rows["PPid"]) == os.getpid()
            if own or child:
                size = int(rows["VmRSS"].split()[0]) / 1024
                kind = "server" if own else "worker"
                self.most[kind] = max(self.most[kind], round(size))
        except (OSError, KeyError):
            pass  # It has ended meanwhile, or is a thread of the kernel.


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--job-seconds", type=float, default=60)
    parser.add_argument("--memory", type=int, default=4096, help="MiB of one worker")
    parser.add_argument("--llm", choices=("none", "embedded"), default="none", help="who writes readings")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    good, portrait = seeds()["mp4"], seeds()["jpeg"]
    states: Counter[str] = Counter()
    sentences: Counter[str] = Counter()
    wrong: list[str] = []
    times: list[tuple[float, int, str, str]] = []
    memory = Memory()
    memory.start()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        options = ServerOptions(
            store=store, port=0, submissions=0, job_seconds=given.job_seconds, memory=given.memory * MIB
        )
        with serving(options) as address, httpx.Client(base_url=f"{address}api/v1/", timeout=120) as client:
            plain = {"llm": given.llm}
            truth = analysed(client, good, "good.mp4", plain)
            if truth["state"] != "done":
                raise SystemExit(f"the good clip is not analysed even before: {truth['error']}")
            for number, data in enumerate(hostile(given.files)):
                started = time.perf_counter()
                pair = (None, "onset", "apex")[is_still(data) * (1 + number % 2)]
                job = analysed(client, data, NAMES[number % len(NAMES)], plain, pair, portrait)
                took = round(time.perf_counter() - started, 1)
                times.append((took, number, job["state"], str(job["error"])[:60]))
                print(f"file {number}: {job['state']} after {took} s", file=sys.stderr, flush=True)
                states[job["state"]] += 1
                if job["state"] == "failed":
                    sentences[" ".join(str(job["error"]).split()[-4:])] += 1
                if job["state"] not in ("done", "failed") or "Traceback" in str(job["error"]):
                    wrong.append(f"file {number}: {job}")
                if number % 20 == 19:
                    again = analysed(client, good, "good.mp4", plain | {"max_people": 1 + number // 20 % 3})
                    if (again["state"], again["verdict"]) != ("done", truth["verdict"]):
                        wrong.append(f"after file {number} the good clip came out as {again}")
            alive = client.get("jobs").status_code
        outside = [str(path) for path in Path(folder).iterdir() if path != store]
    result = {
        "files": given.files,
        "states": dict(states),
        "commonest_sentences_end_in": dict(sentences.most_common(6)),
        "server_alive": alive == 200,
        "files_outside_the_store": outside,
        "wrong": wrong,
        "slowest_files": sorted(times, reverse=True)[:5],
        "most_memory_mib": memory.most,
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "seconds": round(time.perf_counter() - begun, 1),
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if given.json:
        given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")


def is_still(data: bytes) -> bool:
    """Whether a file begins as a still picture does."""
    return (
        data.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF", b"II*", b"MM\0*", b"BM")) and data[8:12] != b"AVI "
    )


class _NoMediaError(Exception):
    """The server takes no such file."""


def analysed(
    client: httpx.Client,
    data: bytes,
    name: str,
    settings: dict[str, Any],
    pair: str | None = None,
    other: bytes = b"",
) -> dict[str, Any]:
    """Upload a file, wait for its job's end. `pair`: it is the `onset` or `apex`, `other` the other one."""

    def kept(content: bytes) -> str:
        answer = client.post("media", params={"name": name}, content=content)
        if answer.status_code == 415:
            raise _NoMediaError(answer.json()["error"])
        return str(answer.raise_for_status().json()["sha256"])

    request: dict[str, Any] = {"settings": settings}
    try:
        if pair is None:
            request["media"] = kept(data)
        else:
            request |= {pair: kept(data), ("apex" if pair == "onset" else "onset"): kept(other)}
    except _NoMediaError as error:
        return {"state": "failed", "error": str(error), "verdict": None}
    job: dict[str, Any] = client.post("jobs", json=request).raise_for_status().json()
    while job["state"] in ("queued", "running"):
        time.sleep(0.05)
        job = client.get(f"jobs/{job['id']}").json()
    return job


if __name__ == "__main__":
    main()
