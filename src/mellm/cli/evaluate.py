"""`mellm evaluate`: honest protocols, figures with intervals, one JSON file per run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from mellm.cli.compare import compare
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.language_models import Asked

app = typer.Typer(no_args_is_help=True, help="Evaluate on labelled data; nothing is chosen on a test fold.")

Data = Annotated[Path, typer.Option("--data", help="Folder with samples.csv and flows.npz.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write figures, samples and provenance here.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
LANGUAGE = "With --model language"
Llm = Annotated[
    str,
    typer.Option(
        help="embedded, embedded-untouched (without its adapter), openai:URL,model=NAME, transformers:PATH.",
        rich_help_panel=LANGUAGE,
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option(help="compact or full  [default: compact for the built-in model]", rich_help_panel=LANGUAGE),
]
Route = Annotated[str, typer.Option(help="flow, or vision (motion maps).", rich_help_panel=LANGUAGE)]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Only so many, evenly spread.", rich_help_panel=LANGUAGE)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.command("megc2019")
def megc2019(
    data: Data,
    protocol: Annotated[
        str, typer.Option(help="zero-shot, loso, cross-dataset, or folds (ten folds of people).")
    ] = "loso",
    model: Annotated[
        str,
        typer.Option(
            help="facs, evidence, language, or baseline-NAME (lr, svm, ststnet, htnet, mdmo, biwoof, rule)."
        ),
    ] = "facs",
    llm: Llm = "embedded",
    prompt: Prompt = None,
    route: Route = "flow",
    limit: Limit = None,
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise three emotion classes from flow: any mixture of SMIC, CASME II and SAMM.

    Example: mellm evaluate megc2019 --data megc2019_flow --protocol loso --json out.json

    Example: mellm evaluate megc2019 --data megc2019_flow --protocol zero-shot --model language
    """
    if model == "language":
        _need_zero_shot(protocol)
        from mellm.evaluate.language_models import evaluate_language

        with Bar(console=Console(stderr=True), transient=True, disable=quiet) as bar:
            asked = _asked(llm, prompt, route)
            told = _shown(bar, asked.backend.name)
            kept = _kept(json_file)
            run = evaluate_language(data, asked, seed, told, kept, limit)
        _write(json_file, run)
        if not quiet:
            _print_labels(run["figures"], asked.backend.name)
            _print_labels(run["figures"]["facs_stage"], "the FACS stage, as told in the prompt")
            _print_text(run["figures"])
        return
    from mellm.evaluate.recognition import evaluate_recognition
    from mellm.evaluate.run_files import write_run

    with Bar(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        run = evaluate_recognition(data, protocol, model, seed, _shown(bar, f"{model}, {protocol}"))  # type: ignore[arg-type]
    if json_file:
        write_run(json_file, run["figures"], run["samples"], run["provenance"])
    if not quiet:
        _print_labels(run["figures"], f"{model}, {protocol}")


@app.command("aus")
def aus(
    data: Data,
    protocol: Annotated[str, typer.Option(help="zero-shot, loso, cross-dataset or folds.")] = "loso",
    model: Annotated[str, typer.Option(help="facs, or learned (fine-tuned where trained).")] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise action units with sides from flow, on the samples that have codes.

    Example: mellm evaluate aus --data megc2019_flow --protocol loso --json out.json
    """
    from mellm.evaluate.run_files import write_run
    from mellm.evaluate.unit_recognition import evaluate_units

    with Bar(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        run = evaluate_units(data, protocol, seed, _shown(bar, protocol), model)  # type: ignore[arg-type]
    if json_file:
        write_run(json_file, run["figures"], run["samples"], run["provenance"])
    if not quiet:
        _print_units(run["figures"], f"action units, {model}, {protocol}")


@app.command("dfme")
def dfme(
    train: Annotated[Path, typer.Option(help="Sheet with Subject, Filename, AU, Emotion.")],
    test: Annotated[
        Path | None, typer.Option(help="Another such sheet; without it a fifth of the people is held out.")
    ] = None,
    model: Annotated[str, typer.Option(help="facs or baseline-lr.")] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Infer seven emotions from the coded action units of annotation sheets.

    Example: mellm evaluate dfme --train dfme_train.csv --test dfme_test_a.csv --json out.json
    """
    from mellm.evaluate.run_files import write_run

    try:
        from mellm.evaluate.emotion_from_units import evaluate_emotion_from_units
    except ModuleNotFoundError as error:
        raise InputError(
            f"This needs {error.name}; install it with pip install 'mellm[evaluate]'."
        ) from error
    run = evaluate_emotion_from_units(train, test, seed, model)
    if json_file:
        write_run(json_file, run["figures"], run["samples"], run["provenance"])
    if not quiet:
        _print_labels(run["figures"], f"emotion from coded units, {model}")


app.command("compare")(compare)


def _asked(llm: str, prompt: str | None, route: str) -> "Asked":
    """The language model of a run, and how it is asked."""
    from mellm.evaluate.language_models import Asked
    from mellm.language.backends import create_backend

    own = llm.startswith("embedded")
    form = prompt or ("compact" if own else "full")
    if form not in ("compact", "full") or route not in ("flow", "vision"):
        raise InputError("Choose --prompt compact or full, and --route flow or vision.")
    if own and route == "vision":
        raise InputError("The built-in language model reads text only; choose --route flow.")
    return Asked(create_backend(llm), form, "vision" if route == "vision" else "flow")


def _need_zero_shot(protocol: str) -> None:
    if protocol != "zero-shot":
        raise InputError("A language model is not trained on these folds; use --protocol zero-shot.")


def _kept(json_file: Path | None) -> Path | None:
    """Where a long run keeps its answers until it is done."""
    return json_file.with_name(f"{json_file.name}.kept.jsonl") if json_file else None


def _write(json_file: Path | None, run: Mapping[str, Any]) -> None:
    from mellm.evaluate.run_files import write_run

    if json_file:
        write_run(json_file, run["figures"], run["samples"], run["provenance"])
        if (kept := _kept(json_file)) is not None:
            kept.unlink(missing_ok=True)


def _print_text(figures: Mapping[str, Any]) -> None:
    units, text = figures["units"], figures["text"]
    if units["samples"]:
        typer.echo(
            f"action units: macro F1 {units['macro_f1']:.3f} over {len(units['per_unit'])}, "
            f"{units['samples']} samples; the FACS stage {figures['facs_stage']['units']['macro_f1']:.3f}"
        )
    typer.echo(
        f"text: well-formed {text['well_formed']:.1%} ({text['as_written']:.1%} as written), consistent "
        f"{text['consistent']:.1%}, {text['claims_supported']:.1%} of {text['claims']} claims supported, "
        f"{text['median_seconds']:.2f} s a reading (median)"
    )


def _shown(bar: Bar, title: str) -> Callable[[str, int, int], None]:
    """Let folds show on a progress bar."""
    task = bar.add_task(title, total=None)

    def show(fold: str, number: int, total: int) -> None:
        bar.update(task, description=fold, completed=number, total=total)

    return show


def _print_labels(figures: Mapping[str, Any], title: str) -> None:
    table = Table("set", "samples", "people", "accuracy", "UF1", "95%", "UAR", "95%", title=title)
    for name, f in {"all": figures, **figures.get("per_dataset", {})}.items():
        intervals = [f"{low:.3f}-{high:.3f}" for low, high in (f["uf1_interval"], f["uar_interval"])]
        counts = [str(f["samples"]), str(f["people"]), f"{f['accuracy']:.3f}"]
        table.add_row(name, *counts, f"{f['uf1']:.3f}", intervals[0], f"{f['uar']:.3f}", intervals[1])
    Console().print(table)


def _print_units(figures: Mapping[str, Any], title: str) -> None:
    table = Table("AU", "samples", "F1", "precision", "recall", "balanced accuracy", title=title)
    for unit, f in figures["per_unit"].items():
        values = [f"{f[name]:.3f}" for name in ("f1", "precision", "recall", "balanced_accuracy")]
        table.add_row(unit, str(f["support"]), *values)
    Console().print(table)
    sides = figures["sides"]
    share = sides["stronger_half_right"]
    lines = [
        f"macro F1 {figures['macro_f1']:.3f} over {len(figures['per_unit'])} units; "
        f"{figures['macro_f1_frequent']:.3f} over the {figures['frequent_units']} with 10 samples or more",
        "no one-sided codes"
        if share is None
        else f"the stronger half is the coded side in {share:.0%} of {sides['one_sided']} one-sided codes",
    ]
    Console().print("\n".join(lines))


@app.command("me-vqa")
def me_vqa(
    data: Data,
    questions: Annotated[Path, typer.Option("--questions", help="Questions and answers (JSONL).")],
    model: Annotated[
        str, typer.Option(help="facs (answers by template) or language (a language model's own).")
    ] = "facs",
    llm: Llm = "embedded",
    prompt: Prompt = None,
    route: Route = "flow",
    limit: Limit = None,
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Answer ME-VQA's questions, zero-shot, from what the FACS models see or by a language model.

    Example: mellm evaluate me-vqa --data megc2019_flow --questions casme2.jsonl --json out.json

    Example: mellm evaluate me-vqa --data megc2019_flow --questions casme2.jsonl --model language
    """
    if model == "language":
        from mellm.evaluate.language_models import evaluate_language_vqa

        with Bar(console=Console(stderr=True), transient=True, disable=quiet) as bar:
            asked = _asked(llm, prompt, route)
            told = _shown(bar, asked.backend.name)
            kept = _kept(json_file)
            run = evaluate_language_vqa(data, questions, asked, seed, told, kept, limit)
    elif model == "facs":
        from mellm.evaluate.vqa_answers import evaluate_vqa

        run = evaluate_vqa(data, questions, seed)
    else:
        raise InputError(f"There is no model '{model}' for questions; choose facs or language.")
    _write(json_file, run)
    if quiet:
        return
    table = Table("figure", "questions", "value")
    figures = run["figures"]
    for name in ("coarse", "fine"):
        if name in figures:
            f = figures[name]
            value = f"UF1 {f['uf1']:.3f}  UAR {f['uar']:.3f}  accuracy {f['accuracy']:.3f}"
            table.add_row(f"{name} expression", str(figures["questions"][name]), value)
    for key, name, kind in (
        ("units_f1", "action units, F1", "units"),
        ("shown_accuracy", "shown or not, accuracy", "shown"),
        ("side_accuracy", "side, accuracy", "side"),
    ):
        if key in figures:
            table.add_row(name, str(figures["questions"][kind]), f"{figures[key]:.3f}")
    for kind in ("units", "spoken"):
        if f"{kind}_text" in figures:
            t = figures[f"{kind}_text"]
            value = f"BLEU {t['bleu']:.3f}  ROUGE-1 {t['rouge1']:.3f}  ROUGE-L {t['rougeL']:.3f}"
            table.add_row(f"{kind}, wording", str(figures["questions"][kind]), value)
    Console().print(table)
