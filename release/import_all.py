"""Imports every module of the installed package; a module may lack an extra's package, and nothing else.

python release/import_all.py               # the core: modules of absent extras are listed
python release/import_all.py --extra web   # that extra is installed: its packages may not be missing
"""

import argparse
import importlib
import pkgutil

import mellm

PACKAGES = {
    "evaluate": ("sklearn", "sacrebleu", "rouge_score"),
    "heic": ("pillow_heif",),
    "data": ("openpyxl",),
    "web": ("fastapi", "starlette", "uvicorn", "python_multipart"),
    "parquet": ("pyarrow",),
    "ray": ("ray",),
    "train": ("torch", "scipy", "yaml", "onnx", "sklearn", "transformers", "peft", "accelerate"),
}
"""Extra -> the top-level names it brings."""


def missing(installed: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Return module -> package it lacks, and a line for each module that fails otherwise."""
    allowed = {name for extra, names in PACKAGES.items() if extra not in installed for name in names}
    allowed -= {name for extra in installed for name in PACKAGES[extra]}
    lacking, broken = {}, []
    for module in pkgutil.walk_packages(mellm.__path__, "mellm.", onerror=lambda name: None):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            absent = (error.name or "").split(".")[0]
            if absent in allowed:
                lacking[module.name] = absent
            else:
                broken.append(f"{module.name}: {error}")
        except Exception as error:
            broken.append(f"{module.name}: {type(error).__name__}: {error}")
    return lacking, broken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--extra", action="append", default=[], choices=PACKAGES)
    lacking, broken = missing(tuple(parser.parse_args().extra))
    for name, absent in lacking.items():
        print(f"{name}: left out, needs {absent}")
    if broken:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()
