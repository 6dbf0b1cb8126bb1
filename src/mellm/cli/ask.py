"""`mellm ask`: questions about a video, answered from its report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.analysis.settings import Settings
from mellm.cli.console import console, print_json
from mellm.cli.options import First, to_new_file, with_options
from mellm.cli.progress import stage_progress
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.analysis.asking import Answer
    from mellm.analysis.asking.reports import Reports
    from mellm.report import Report


@with_options
def ask(
    *,
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(help="A video, a report's folder, or with --questions a folder of clips."),
    ],
    question: Annotated[
        list[str] | None, typer.Argument(help="What you want to know; several questions may follow.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(help="File with a question a line, or the challenges' JSON lines (ME-VQA, ME-LVQA)."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            callback=to_new_file,
            help="Write the lines of --questions with `answer` filled in: the challenges' form.",
        ),
    ] = None,
    one_moment: Annotated[
        bool,
        typer.Option(
            "--one-moment",
            help="Each clip is cut to one micro-expression, as ME-VQA's are: its first frame is the onset, "
            "nothing is spotted.",
        ),
    ] = False,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--reports", help="Folder that keeps the clips' reports, so that the next questions take no time."
        ),
    ] = None,
    settings: Annotated[Settings, First("language", "fps")],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the answers alone.")] = False,
) -> None:
    """Answer questions about a video from what was measured, naming the frames, in English or Chinese.

    An answer is in the question's own language, or in that of --language.

    Example: mellm ask interview.mp4 "How many micro-expressions are there?" "When was the first?"

    Example: mellm ask clips/ --questions test.jsonl --one-moment --out submission.jsonl
    """
    from mellm.analysis.asking import ask as answer_of
    from mellm.analysis.asking.question_files import AskedLine, Clips, read_asked, write_answers
    from mellm.analysis.asking.reports import Reports

    _check_asked(question, questions, out)
    chosen = _named_settings(context)
    _refuse_unused(source, chosen, settings)
    source = source if source.name not in ("", "..") else source.resolve()
    lines = read_asked(questions) if questions else [AskedLine(text, {}) for text in question or []]
    # Answers come from the report; a language model's reading is no part of them.
    reports = Reports(settings.model_copy(update={"llm": "none"}), one_moment=one_moment, kept=kept)
    clips = Clips(source) if _holds_clips(source) else None
    if clips and not any(line.fields for line in lines):
        raise InputError(f"{source} holds many clips: name one of them.")
    language = settings.language if "language" in chosen else None
    answers: list[Answer] = []
    for line in lines:
        clip = clips.find(line) if clips else source
        with _progress(reports, clip, quiet=quiet or json_) as report:
            answers.append(answer_of(report, line.question, language))
        if not json_ and (out is None or not quiet):
            _print(answers[-1], alone=quiet)
    if json_:
        print_json(json.dumps([answer.model_dump() for answer in answers], indent=2, ensure_ascii=False))
    if out is not None:
        write_answers(out, lines, (answer.short or answer.text for answer in answers))
        _warn_of_unmeasured(answers)


def _check_asked(question: list[str] | None, questions: Path | None, out: Path | None) -> None:
    """Refuse what is no question, or two kinds of them."""
    if question and questions:
        raise InputError("Give either questions or a file of them with --questions, not both.")
    if not question and not questions:
        raise InputError(
            'Ask something: mellm ask CLIP "How many micro-expressions are there?", or --questions FILE.'
        )
    if out is not None and questions is None:
        raise InputError("--out holds the answers to a file: give it with --questions.")


def _named_settings(context: typer.Context) -> set[str]:
    """The settings that the person named on the command line."""
    sources = {name: context.get_parameter_source(name) for name in Settings.model_fields}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def _refuse_unused(source: Path, chosen: set[str], settings: Settings) -> None:
    """Refuse settings that could change no answer."""
    if "llm" in chosen and settings.llm != "none":
        raise InputError(
            "Answers come from what was measured, and no language model takes part: leave --llm out."
        )
    unused = sorted(chosen - {"language", "llm"})
    if unused and _is_report(source):
        options = ", ".join("--" + name.replace("_", "-") for name in unused)
        raise InputError(f"{source} is a finished report, which {options} cannot change: name the video.")


def _is_report(source: Path) -> bool:
    return source.name == "report.json" or (source / "report.json").is_file()


def _holds_clips(source: Path) -> bool:
    """Whether clips have to be found below a folder: it is no clip and no report itself."""
    from mellm.media.folder_contents import holds_clips

    return source.is_dir() and not _is_report(source) and holds_clips(source)


def _warn_of_unmeasured(answers: "list[Answer]") -> None:
    """Say which lines of a file are answered although nothing was measured."""
    lines = [str(number) for number, answer in enumerate(answers, 1) if not answer.measured]
    if lines:
        typer.echo(f"  not measured, and answered in the form alone: question {', '.join(lines)}", err=True)


@contextmanager
def _progress(reports: "Reports", clip: Path, *, quiet: bool) -> Iterator["Report"]:
    with stage_progress(hidden=quiet) as progress:
        report = reports.of(clip, lambda: progress)
    yield report


def _print(answer: "Answer", *, alone: bool) -> None:
    screen = console()
    if not alone:
        screen.print(f"  {answer.question}", style="bold", highlight=False, soft_wrap=True)
    for piece in answer.pieces():
        screen.print(piece if alone else f"  {piece}".rstrip(), highlight=False, soft_wrap=True)
    if not alone:
        screen.print()
