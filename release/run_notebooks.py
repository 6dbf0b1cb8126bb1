"""Runs the notebooks of docs/notebooks and writes them with their output as Markdown, for the site.

python release/run_notebooks.py build/notebooks      # prints the seconds of each; stops where one fails
"""

import argparse
import os
import time
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

NOTEBOOKS = Path(__file__).resolve().parents[1] / "docs" / "notebooks"


def children() -> float:
    """Processor seconds, user and system, of the processes that this one has started and seen end."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for source in sorted(NOTEBOOKS.glob("*.py")):
        notebook = jupytext.read(source)
        start, spent = time.monotonic(), children()
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
        took = f"{time.monotonic() - start:.0f} s, {children() - spent:.0f} s of processor"
        print(f"{source.name}: {took}", flush=True)
        text, resources = MarkdownExporter().from_notebook_node(notebook)
        for name, data in resources["outputs"].items():
            (out / f"{source.stem}-{name}").write_bytes(data)
            text = text.replace(f"]({name})", f"]({source.stem}-{name})")
        (out / f"{source.stem}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
