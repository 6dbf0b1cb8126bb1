"""`mellm flow`: how every pixel moved between two pictures of one face."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.options import to_file, to_new_file
from mellm.errors import InputError, MellmError

app = typer.Typer(help="Optical flow between two pictures: estimate, show, bench.", no_args_is_help=True)

PARTS = ("expression", "facial", "head")


@app.command()
def estimate(
    onset: Annotated[Path, typer.Argument(help="Onset picture.")],
    apex: Annotated[Path, typer.Argument(help="Apex picture, of the same size.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", callback=to_file, help="FILE.npz (everything) or FILE.flo (one part)."),
    ],
    estimator: Annotated[
        str, typer.Option(help="meflownet, dis, tvl1, farneback, deepflow, rlof.")
    ] = "meflownet",
    compensation: Annotated[
        str,
        typer.Option(
            help="Head motion: auto (the estimator's own), mesh-rigid, similarity, nose-patch, none."
        ),
    ] = "auto",
    part: Annotated[str, typer.Option(help="For .flo: expression, facial or head.")] = "expression",
    json_: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Estimate facial, head and expression flow and write it to a file.

    Example: mellm flow estimate onset.png apex.png --out flow.npz
    """
    import numpy as np

    from mellm.flow import create, write_flow
    from mellm.media import read_image

    _check_part(part)
    options = {} if compensation == "auto" else {"compensation": compensation}
    made = create(estimator, **options)
    flow = made.estimate(read_image(onset), read_image(apex))
    write_flow(out, flow if out.suffix == ".npz" else getattr(flow, part))
    means = {p: float(np.linalg.norm(getattr(flow, p), axis=2).mean()) for p in PARTS}
    if json_:
        facts = {"file": str(out), "estimator": flow.estimator, "compensation": flow.compensation}
        if (sha256 := getattr(made, "sha256", None)) is not None:
            facts["sha256"] = sha256
        warnings = [str(warning) for warning in flow.warnings]
        typer.echo(json.dumps({**facts, "mean_px": means, "warnings": warnings}, indent=2))
        return
    typer.echo("  mean motion  " + "   ".join(f"{p} {v:.3f} px" for p, v in means.items()))
    if flow.head_motion is not None:
        typer.echo(f"  head turn    {flow.head_motion.degrees:.2f} degrees (removed)")
    for warning in flow.warnings:
        typer.echo(f"  note         {warning}")
    typer.echo(f"  written      {out}")


@app.command()
def show(
    flow: Annotated[Path, typer.Argument(help="A .flo or .npz file.")],
    out: Annotated[Path, typer.Option("--out", "-o", callback=to_file, help="Picture to write (.png).")],
    onset: Annotated[Path | None, typer.Option(help="Onset picture to draw on (needed for mmc).")] = None,
    colours: Annotated[str, typer.Option(help="mmc (the papers' map) or middlebury.")] = "mmc",
    part: Annotated[str, typer.Option(help="expression, facial or head (for .npz).")] = "expression",
    scale: Annotated[
        float | None, typer.Option(help="Magnitude of full colour, px; without it, this picture's largest.")
    ] = None,
) -> None:
    """Draw flow in colour, with the legend of the eight directions and the scale printed on it.

    Example: mellm flow show flow.npz --onset onset.png --scale 2 --out map.png
    """
    from mellm.flow import annotate, image_scale, middlebury, mmc_colours, mmc_map, read_flow
    from mellm.media import read_image
    from mellm.render.pictures import encode_png

    _check_part(part)
    if colours not in ("mmc", "middlebury"):
        raise InputError(f"There are no colours called {colours!r}; choose mmc or middlebury.")
    field = read_flow(flow, part)  # type: ignore[arg-type]
    if colours == "middlebury":
        picture = middlebury(field, scale_px=scale)
    elif onset is not None:
        picture = mmc_map(field, read_image(onset), scale_px=scale)
    else:
        picture = mmc_colours(field, scale_px=scale)
    drawn = annotate(picture, scale or image_scale(field), fixed=scale is not None, palette=colours)
    try:
        out.write_bytes(encode_png(drawn))
    except OSError as error:
        raise MellmError(f"{out} cannot be written ({error.strerror}); choose another place.") from error
    typer.echo(f"  written      {out}")


@app.command()
def prompt(
    onset: Annotated[Path, typer.Argument(help="Onset picture.")],
    apex: Annotated[Path, typer.Argument(help="Apex picture, of the same size.")],
    taxonomy: Annotated[str, typer.Option(help="Emotion classes: 3, 5, 6 or 7.")] = "3",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    template: Annotated[
        Path | None,
        typer.Option(help="Use this prompt template instead; published: the published checkpoint's."),
    ] = None,
) -> None:
    """Print the motion prompt of the flow route: 29 regions in numbers, for a text language model.

    Example: mellm flow prompt onset.png apex.png

    Example: mellm flow prompt onset.png apex.png --template published
    """
    from mellm.analysis.analyzer import Analyzer
    from mellm.analysis.report_entries import region_motion
    from mellm.analysis.settings import Settings
    from mellm.language import flow_prompt
    from mellm.language.published.profiles import PUBLISHED

    if str(template) == PUBLISHED:
        typer.echo(_published_prompt(onset, apex), nl=False)
        return
    if language not in ("en", "zh"):
        raise InputError(f"There is no prompt in {language!r}; choose en or zh.")
    report = Analyzer(Settings(taxonomy=taxonomy, llm="none")).analyze(onset=onset, apex=apex)
    if not report.micro_expressions:
        raise InputError(f"No face was found in {onset.name}; choose pictures that show one.")
    motion = [region_motion(region) for region in report.micro_expressions[0].regions]
    typer.echo(flow_prompt(motion, taxonomy=taxonomy, language=language, template=template))


def _published_prompt(onset: Path, apex: Path) -> str:
    """The published checkpoint's prompt about two pictures, which are aligned first."""
    from mellm.face import FaceTracker
    from mellm.flow import create, measure_pair
    from mellm.language.published.flow_prompt import published_flow_prompt
    from mellm.media import read_image
    from mellm.media.frame import Frame

    pictures = read_image(onset), read_image(apex)
    tracker = FaceTracker(max_people=1)
    seen = [tracker.update(Frame(k, 0.0, picture)) for k, picture in enumerate(pictures)]
    if not all(seen):
        raise InputError(f"No face was found in {onset.name} and {apex.name}; choose pictures that show one.")
    points = seen[0][0].landmarks, seen[1][0].landmarks
    pair = measure_pair(*pictures, points, create("meflownet"))
    return published_flow_prompt(pair.flow.expression, pair.alignment.landmarks_to_crop(points[0]))


@app.command()
def bench(
    data: Annotated[
        Path,
        typer.Option(help="A MEFlowDataset folder (its test split), a folder of shards, or of portraits."),
    ],
    estimators: Annotated[
        str, typer.Option(help="Names, joined by commas.")
    ] = "meflownet,tvl1,dis,farneback,deepflow",
    pairs: Annotated[int, typer.Option(min=1, help="Pairs to measure (with --origins: of each).")] = 100,
    origins: Annotated[
        str | None,
        typer.Option(help="Origins of motion one by one: all, or table, ict, replayed, muscle, smooth."),
    ] = None,
    ict: Annotated[
        Path | None, typer.Option(help="ICT-FaceKit's .npz, for its origin and full-3D pairs.")
    ] = None,
    full_3d: Annotated[float, typer.Option(min=0, max=1, help="Share of full-3D pairs.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the pairs made on the fly.")] = 7,
    prior: Annotated[
        Path | None, typer.Option(help="Motion prior of a training run, for the estimator meflownet-fast.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Folder of a training run, measured in place of the shipped MEFlowNet."),
    ] = None,
    drawn: Annotated[
        Path | None,
        typer.Option(help="Folder of a run of mellm.train.flow.drawn_run: its network joins as papers-form."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", callback=to_new_file, help="Write figures and samples here.")
    ] = None,
) -> None:
    """Compare flow estimators on pairs of known motion, people never trained on.

    Errors are mean end-point errors on the face, px, in strata of peak motion, with head still or moving.
    A folder of shards (mellm.simulate.shards) holds pairs of your own, from another face model, say.
    Example: mellm flow bench --data portraits/ --json out.json
    """
    from mellm.evaluate.flow_bench import bench_flow, table
    from mellm.evaluate.flow_test_pairs import TestPairs, chosen_origins

    names = [name.strip() for name in estimators.split(",") if name.strip()]
    test = TestPairs(data, pairs, chosen_origins(origins, ict), ict, full_3d, seed)
    figures = bench_flow(test, estimators=names, prior=prior, run=run, drawn=drawn, json=json_file)
    typer.echo(table(figures))


def _check_part(part: str) -> None:
    if part not in PARTS:
        raise InputError(f"A flow has no part {part!r}; choose {', '.join(PARTS)}.")
