"""Runtimes of the built-in language model side by side: the same prompt, 120 new tokens, greedy, one run.

Run: python benchmarks/bench_llm.py [--threads 1] [--rounds 3] [--json OUT]
Each runtime works in a process of its own, bound to as many cores as threads; runtimes take turns, so that
a busy machine is busy for all. Figures are of processor time, which other people's work does not change
much; `wall` is what passed on the clock. One that is not installed is left out with a note.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

NEW = 120
MODEL = "smollm2-135m-instruct"

Run = Callable[[int], None]
"""Reads a prompt it has not seen and writes exactly so many tokens."""

NUMBERS = count(1000)
"""One for each prompt, at its very beginning: nothing of an earlier one can be reused from a cache."""


def prompt() -> str:
    """A new question of the kind the model is asked, about 300 tokens, in the model's chat format."""
    from mellm.face.regions import REGION_NAMES

    directions = ("up", "up-left", "up-right", "down", "no clear direction")
    lines = [
        f"{name}: {directions[i % 5]}, {0.11 * (i % 9):.2f} px" for i, name in enumerate(REGION_NAMES[:19])
    ]
    text = f"Sample {next(NUMBERS)}. Motion of each facial region from onset to apex:\n" + "\n".join(lines)
    text += "\nWhich action units are these, which emotion do they suggest, and why? Explain in full."
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def genai(threads: int) -> tuple[Run, int]:
    from mellm.inference import genai as module
    from mellm.weights.model_store import model_path

    openvino_genai = module()
    pipe = openvino_genai.LLMPipeline(str(model_path(MODEL)), "CPU", INFERENCE_NUM_THREADS=threads)

    def encoded() -> Any:
        return pipe.get_tokenizer().encode(prompt(), add_special_tokens=False)

    def run(length: int) -> None:
        config = openvino_genai.GenerationConfig(max_new_tokens=length, ignore_eos=True, do_sample=False)
        made = pipe.generate(encoded(), config)
        assert len(made.tokens[0]) == length

    return run, encoded().input_ids.shape[1]


def embedded(threads: int) -> tuple[Run, int]:
    import numpy as np

    from mellm.language.backends.embedded import EmbeddedBackend

    backend = EmbeddedBackend()
    decoder = backend._decoder

    def run(length: int) -> None:
        decoder.forget()
        written = backend._encode(prompt())
        for _ in range(length):
            written.append(int(np.argmax(decoder.logits(written))))

    return run, len(backend._encode(prompt()))


def llamacpp(threads: int) -> tuple[Run, int]:
    import xllamacpp

    from mellm.weights.model_store import model_path

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(model_path(MODEL)), 1024, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    server = xllamacpp.Server(params)
    asked = {"temperature": 0, "ignore_eos": True, "cache_prompt": False}
    told: dict[str, Any] = {}

    def run(length: int) -> None:
        told.update(server.handle_completions({**asked, "prompt": prompt(), "max_tokens": length}))
        assert told["usage"]["completion_tokens"] == length, told

    run(1)
    return run, int(told["usage"]["prompt_tokens"])


def transformers(threads: int) -> tuple[Run, int]:
    import torch

    from mellm.language.backends.transformers import TransformersBackend
    from mellm.weights.model_store import model_path

    torch.set_num_threads(threads)
    backend = TransformersBackend(str(model_path(MODEL)), device="cpu")
    model = backend._local.model

    def run(length: int) -> None:
        logits, cache = backend._read(backend._tokens(prompt(), {}), {})
        for _ in range(length - 1):
            with torch.inference_mode():
                out = model(input_ids=logits.argmax().view(1, 1), past_key_values=cache, use_cache=True)
            logits = out.logits[0, -1]

    return run, len(backend._tokens(prompt(), {}))


RUNTIMES = {
    "openvino genai, GGUF Q4_1": genai,
    "mellm embedded": embedded,
    "llama.cpp (xllamacpp), GGUF Q4_1": llamacpp,
    "transformers, bfloat16": transformers,
}


def measured(name: str, threads: int) -> dict[str, float | str]:
    """Measure one runtime in this process."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    started = time.process_time()
    try:
        run, tokens = RUNTIMES[name](threads)
    except ModuleNotFoundError as error:
        return {"skipped": f"{error.name} is not installed"}
    figures: dict[str, float | str] = {"tokens": tokens, "load, s": time.process_time() - started}
    run(2)
    spent = {}
    for length in (1, NEW + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        run(length)
        spent[length] = (time.process_time() - cpu, time.perf_counter() - wall)
    (first, first_wall), (whole, whole_wall) = spent[1], spent[NEW + 1]
    return figures | {
        "prefill, tokens/s": tokens / first,
        "first token, s": first,
        "decode, tokens/s": NEW / (whole - first),
        "answer, s": whole,
        "first token, wall s": first_wall,
        "answer, wall s": whole_wall,
        # Linux counts ru_maxrss in kB, macOS in bytes.
        "memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / (1e6 if sys.platform == "darwin" else 1e3),
    }


def in_its_own_process(name: str, threads: int) -> dict[str, float | str]:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"}
    command = [sys.executable, __file__, "--only", name, "--threads", str(threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return {"skipped": f"it failed: {reason}"}
    figures: dict[str, float | str] = json.loads(lines[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=RUNTIMES, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measured(args.only, args.threads)))
        return
    rows: dict[str, list[dict[str, float | str]]] = {name: [] for name in RUNTIMES}
    for _ in range(args.rounds):
        for name in RUNTIMES:
            if not any("skipped" in row for row in rows[name]):
                rows[name].append(in_its_own_process(name, args.threads))
    medians: dict[str, dict[str, float]] = {}
    for name, found in rows.items():
        if "skipped" in found[-1]:
            print(f"{name:34} left out: {found[-1]['skipped']}")
        else:
            medians[name] = {k: statistics.median(float(row[k]) for row in found) for k in found[0]}
    columns = ["tokens", "prefill, tokens/s", "first token, s", "decode, tokens/s", "answer, s", "memory, MB",
               "answer, wall s"]  # fmt: skip
    print(f"{args.threads} thread(s), median of {args.rounds} rounds, {NEW} new tokens")
    print(f"{'':34}" + "".join(f"{c:>19}" for c in columns))
    for name, row in medians.items():
        print(f"{name:34}" + "".join(f"{row[c]:19.2f}" for c in columns))
    if len(medians) > 1:
        base = next(iter(medians.values()))
        print("\nas multiples of the first row")
        for name, row in medians.items():
            print(f"{name:34}" + "".join(f"{row[c] / base[c]:19.2f}" for c in columns))
    if args.json:
        args.json.write_text(json.dumps(medians, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
