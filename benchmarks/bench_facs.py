"""Recognition figures of docs/benchmarks.md: every model under the same protocol, and what leaks are worth.

python benchmarks/bench_facs.py recognition --data ../shared/data/megc2019_flow --protocol loso
python benchmarks/bench_facs.py leak --data ../shared/data/megc2019_flow
python benchmarks/bench_facs.py units
python benchmarks/bench_facs.py emotion
python benchmarks/bench_facs.py conventions
python benchmarks/bench_facs.py origins --recipe recipes/facs-regions.yaml
python benchmarks/bench_facs.py alarms --recipe recipes/facs-regions.yaml --estimator meflownet --seed 1000
python benchmarks/bench_facs.py real --also ../shared/data/megc2019_flow_second
python benchmarks/bench_facs.py speed
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from mellm.datasets.megc2019 import read_flow_set
from mellm.evaluate.baselines.networks import STSTModule, ststnet, train_network
from mellm.evaluate.classification import LabelScores, f1_precision_recall
from mellm.evaluate.learner import LEARNERS, Training, create_learner
from mellm.evaluate.protocols import splits
from mellm.evaluate.recognition import evaluate_recognition
from mellm.evaluate.uncertainty import bootstrap_interval, confusion_by_person
from mellm.evaluate.unit_recognition import commonest_units, has_units
from mellm.face.geometry import inter_ocular
from mellm.face.regions import REGION_NAMES, regions_of
from mellm.facs import (
    FINE,
    PRESENT,
    AUEvidence,
    abstains,
    create_au_model,
    create_emotion_model,
    get_taxonomy,
)
from mellm.facs.blinks import feigned_units
from mellm.facs.codes import half_labels
from mellm.facs.findings import AUModel
from mellm.facs.learned_emotion import UNKNOWN, shipped_emotion_model
from mellm.facs.stored_flow import COARSE
from mellm.facs.unit_figures import calibration_error, f1
from mellm.facs.unit_rules import EXPRESSIVE
from mellm.flow import create
from mellm.flow.measure import measure
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.combination import combined_units, held_back, weights_of
from mellm.language.motion.encoders import MotionEncoder, shipped_encoder
from mellm.language.motion.region_tokens import region_motion
from mellm.simulate.gallery import Gallery
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.photo_pairs import PairConfig
from mellm.train.facs.emotion_model import CodedRow, EmotionConfig, fit_emotion_model, read_rows
from mellm.train.facs.region_model import RegionsConfig, fit_au_model, gather_pairs
from mellm.train.facs.region_pairs import NOTHING, RegionPairs, measure_pairs
from mellm.train.facs.trainings import read_facs_recipe


def recognition(data: str, protocol: str, models: list[str]) -> None:
    """Print one Markdown row per model."""
    print("| model | set | UF1 | 95% | UAR | 95% | accuracy | s |\n|---|---|---|---|---|---|---|---|")
    for model in models or LEARNERS:
        if protocol == "zero-shot" and create_learner(model).trains:
            continue
        started = time.perf_counter()
        figures = evaluate_recognition(data, protocol, model).figures
        seconds = time.perf_counter() - started
        for name, f in {"all": figures, **figures.per_dataset}.items():
            low, high = f.uf1_interval
            below, above = f.uar_interval
            print(
                f"| {model} | {name} | {f.uf1:.3f} | {low:.3f}-{high:.3f} | {f.uar:.3f} | "
                f"{below:.3f}-{above:.3f} | {f.accuracy:.3f} | {seconds:.0f} |",
                flush=True,
            )


def leak(data: str, epochs: int) -> None:
    """Train STSTNet per fold once; compare its last epoch with the best epoch of each test fold."""
    flow_set = read_flow_set(data)
    learner = ststnet()
    x = np.stack([learner.prepare(stored) for stored in flow_set.flows])
    y = np.array([COARSE.index(s.label) for s in flow_set.samples])
    people = [s.group for s in flow_set.samples]
    last, best = LabelScores(COARSE), LabelScores(COARSE)
    folds = list(splits("loso", people, [s.dataset for s in flow_set.samples]))
    for number, split in enumerate(folds, 1):
        training = Training(x[split.train], y[split.train], tuple(people[i] for i in split.train))
        answers: list[np.ndarray] = []
        torch.manual_seed(0)
        settings = type(learner.settings)(epochs=epochs, rate=learner.settings.rate)
        train_network(
            STSTModule(),
            settings,
            training,
            0,
            watch=lambda _, predict, a=answers, t=split.test: a.append(predict(x[t]).argmax(axis=1)),
        )
        truth = y[split.test]
        picked = max(answers, key=lambda a, t=truth: (a == t).mean())
        for scores, called in ((last, answers[-1]), (best, picked)):
            scores.update([COARSE[t] for t in truth], [COARSE[c] for c in called])
        print(f"fold {number}/{len(folds)}", flush=True)
    for name, scores in (("last epoch", last), ("best epoch of each test fold", best)):
        found = scores.compute()
        print(f"{name}: UF1 {found.uf1:.3f} UAR {found.uar:.3f} accuracy {found.accuracy:.3f}")


def units(faces: Path, ict: Path, count: int, name_of_estimator: str) -> None:
    """Read action units from generated pairs (ICT-FaceKit's scans), by true flow and by an estimator's."""
    config = PairConfig(origins=((Origin.ICT, 1.0),), smallest=0.5, largest=4.0)
    source = PairSource(MEFlowConfig(faces=faces, ict=ict, pair=config), "val", seed=5)
    estimator = create(name_of_estimator)
    truths: list[dict[int, str]] = []
    motions: dict[str, list[Sequence[RegionMotion]]] = {"true flow": [], name_of_estimator: []}
    for index in range(count):
        pair = source.pair(index)
        regions, eyes = regions_of(pair.landmarks), inter_ocular(pair.landmarks)
        truths.append({unit.au: unit.side for unit in pair.action_units})
        estimated = estimator.estimate(pair.onset, pair.apex, pair.landmarks).expression
        for name, flow in (("true flow", pair.facial - pair.head), (name_of_estimator, estimated)):
            motions[name].append(measure(flow, regions, inter_ocular=eyes))
    for kind in ("evidence", "learned"):
        model = create_au_model(kind)
        for name, measured in motions.items():
            hits = called = true = alarms = first = sided = right = 0
            for motion, truth in zip(measured, truths, strict=True):
                seen = model.predict(motion)
                # Closing eyes are AU 45 in the generator, 43 here.
                found = {45 if e.au == 43 else e.au: e.side for e in seen if e.probability >= PRESENT}
                hits += len(truth.keys() & found.keys())
                called, true = called + len(found), true + len(truth)
                alarms += not truth and bool(found.keys() - {45})
                first += bool(truth) and next(e.au for e in seen if e.au != 43) in truth
                for unit in truth.keys() & found.keys():
                    if truth[unit] != "both":
                        sided, right = sided + 1, right + (found[unit] == truth[unit])
            moving = sum(bool(t) for t in truths)
            print(
                f"{kind}, {name}: F1 {2 * hits / (called + true):.3f} "
                f"precision {hits / called:.3f} recall {hits / true:.3f}; "
                f"most probable unit right {first}/{moving}; side right {right}/{sided}; "
                f"false alarms on still pairs {alarms}/{count - moving}"
            )


SHEETS = {
    "dfme": "au_annotations/dfme_train.csv",
    "casme3": "au_annotations/casme3_part_a.csv",
    "mmew": "au_annotations/mmew.csv",
    "casme2": "au_annotations/casme2.csv",
    "casme2sq": "schedules/casme2sq_events.csv",
}
"""Convention -> its sheet in the research data."""


def emotion(data: Path, folds: int = 5) -> None:
    """Emotion of coded units: DFME's people from models of other people, then every sheet from the others."""
    rows = {name: read_rows(data / sheet) for name, sheet in SHEETS.items()}
    people = np.random.default_rng(0).permutation(sorted({row.person for row in rows["dfme"]}))
    config, answers = EmotionConfig(sheets=()), []
    for fold in range(folds):
        held = set(people[fold::folds].tolist())
        known = {name: [row for row in found if row.person not in held] for name, found in rows.items()}
        model = fit_emotion_model(known, config)
        tested = [row for row in rows["dfme"] if row.person in held]
        answers += [(row, model.under("dfme").fine(coded(row)), model.fine(coded(row))) for row in tested]
    truths = [row for row, _, _ in answers]
    print_emotion("dfme, people held out, its convention", truths, [own for _, own, _ in answers])
    print_emotion("dfme, people held out, unknown", truths, [mean for _, _, mean in answers])
    model, prototypes = fit_emotion_model(rows, config), create_emotion_model("prototypes")
    for name, found in rows.items():
        left_out = model.without(name)
        print_emotion(f"{name} left out, unknown", found, [left_out.fine(coded(row)) for row in found])
        labels = [left_out.under(name).fine(coded(row)) for row in found]
        print_emotion(f"{name} left out, its labels known", found, labels)
        print_emotion(f"{name}, prototypes", found, [prototypes.fine(coded(row)) for row in found])


def conventions(data: Path) -> None:
    """Print UF1 of the fine label of every sheet under each convention; no model asked learned from its rows.

    Bold: the sheet's own words, spoken by models of the other sheets. CAS(ME)^2 has coarse words alone.
    """
    names = [UNKNOWN, *SHEETS]
    print(f"| sheet (rows, people) | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for sheet, file in SHEETS.items():
        rows = read_rows(data / file)
        cells = []
        for name in names:
            asked = shipped_emotion_model().without(sheet).under(name)
            value, low, high = uf1_over_people(rows, [asked.fine(coded(row)) for row in rows])
            text = f"{value:.3f} ({low:.2f}-{high:.2f})"
            cells.append(f"**{text}**" if name == sheet else text)
        people = len({row.person for row in rows})
        print(f"| {sheet} ({len(rows)}, {people}) | {' | '.join(cells)} |", flush=True)


def uf1_over_people(
    rows: Sequence[CodedRow], answers: Sequence[Mapping[str, float]]
) -> tuple[float, float, float]:
    """UF1 over the words that occur (coarse ones where a sheet has no others), and 95% over people."""
    coarse = get_taxonomy("3")
    fine = all(row.emotion in FINE for row in rows)
    views = answers if fine else [coarse.marginal(answer) for answer in answers]
    truth = [row.emotion if fine else str(coarse.label_of(row.emotion)) for row in rows]
    called = [max(view, key=lambda name: view[name]) for view in views]
    labels = sorted({*truth, *called})
    kept = [k for k, label in enumerate(labels) if label in set(truth)]
    counts = confusion_by_person(truth, called, [row.person for row in rows], labels)

    def figure(confusion: np.ndarray) -> np.ndarray:
        return np.asarray(f1_precision_recall(confusion)[0][..., kept].mean(axis=-1))

    low, high = bootstrap_interval(counts, figure)
    return float(figure(counts.sum(axis=0))), float(low), float(high)


def coded(row: CodedRow) -> list[AUEvidence]:
    """A row's units as certain evidence."""
    return [AUEvidence(au, "left" if one else "both", 1.0, None, ()) for au, one in row.units.items()]


def print_emotion(title: str, rows: Sequence[CodedRow], answers: Sequence[Mapping[str, float]]) -> None:
    """Print fine (where the words are fine) and coarse UF1, UAR, and the chosen label's calibration error."""
    coarse = get_taxonomy("3")
    figures = []
    for labels, views in (
        (tuple(FINE), answers),
        (coarse.labels, [coarse.marginal(answer) for answer in answers]),
    ):
        truth = [row.emotion if labels == tuple(FINE) else coarse.label_of(row.emotion) for row in rows]
        if not set(truth) <= set(labels):
            continue
        called = [max(view, key=lambda name: view[name]) for view in views]
        scores = LabelScores(labels)
        scores.update([str(t) for t in truth], called)
        per_class = [c for name, c in scores.compute().per_class.items() if name in truth]
        sure = np.array([max(view.values()) for view in views])
        right = np.array([t == c for t, c in zip(truth, called, strict=True)])
        figures.append(
            f"{'fine' if len(labels) > 3 else 'coarse'} UF1 {np.mean([c.f1 for c in per_class]):.3f} "
            f"UAR {np.mean([c.recall for c in per_class]):.3f} calibration error "
            f"{calibration_error(sure, right):.3f}"
        )
    print(f"{title} ({len(rows)} rows): " + "; ".join(figures), flush=True)


class Together:
    """A unit model and an encoder of the flow route, put together as `--decide both` does."""

    def __init__(self, stage: AUModel, encoder: MotionEncoder) -> None:
        """Take both as they are."""
        self._stage, self._encoder = stage, encoder

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._stage.name} + {self._encoder.name}"

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return every unit, most probable first."""
        weights = weights_of("flow", "px", clean=self._encoder.clean)
        seen = self._encoder.read_regions(motion)
        return combined_units(self._stage.predict(motion), seen, weights, feigned_units(motion))


class Alone:
    """An encoder of the flow route by itself: as it is, or as `--decide model` takes it."""

    def __init__(self, encoder: MotionEncoder, guarded: bool) -> None:
        """Take it as it is."""
        self._encoder, self._guarded = encoder, guarded

    @property
    def name(self) -> str:
        """Its name."""
        return self._encoder.name

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return every unit, most probable first."""
        found = self._encoder.read_regions(motion).evidence(motion)
        return held_back(found, feigned_units(motion)) if self._guarded else found


def origins(recipe: Path, estimator: str, encoder: MotionEncoder) -> None:
    """Units of test pairs by origin: a recogniser that never saw the origin, one that did, the rules.

    `estimator` measures the test pairs; the recipe's measured what is learned from. The recogniser and the
    rules are shown together with `encoder` too: the one that ships never saw motion of the muscles.
    """
    config = read_facs_recipe(recipe)
    assert isinstance(config, RegionsConfig)
    train, val = (
        gather_pairs(config, split, count)
        for split, count in (("train", config.pairs), ("val", config.val_pairs))
    )
    seen = config.model_copy(update={"estimator": estimator})
    test = gather_pairs(seen, "test", config.test_pairs)
    scans = IctModel(config.ict)
    everything, rules = fit_au_model(train, val, config, scans), create_au_model("evidence")
    for name in sorted({*test.description} - {*NOTHING}):
        part = test.rows(np.array([d == name for d in test.description]))
        without = fit_au_model(train, val, config.model_copy(update={"without": name}), scans)
        print_pairs(name, {"left out": without, "trained on": everything, "rules": rules}, encoder, part)
    for kind in NOTHING:
        part = test.rows(np.array([d == kind for d in test.description]))
        print_pairs(kind, {"learned": everything, "rules": rules}, encoder, part)


def print_pairs(
    title: str, models: Mapping[str, AUModel], encoder: MotionEncoder, pairs: RegionPairs
) -> None:
    """Print what each model makes of the pairs, alone and together with the encoder."""
    for name, model in models.items():
        print(f"{title}, {name}: {read_pairs(model, pairs)}", flush=True)
        print(f"{title}, {name} + encoder: {read_pairs(Together(model, encoder), pairs)}", flush=True)
    for name, guarded in (("encoder", False), ("encoder, closing lids held back", True)):
        print(f"{title}, {name}: {read_pairs(Alone(encoder, guarded), pairs)}", flush=True)


STILL = ("blink", "head", "bumps", "still")
"""What moves in pairs in which no unit acts: the lids, the head, skin as no unit moves it, nothing."""


def false_alarms(
    recipe: Path, estimator: str, count: int, seed: int, encoder: MotionEncoder, kinds: Sequence[str]
) -> None:
    """How many pairs in which no unit acts are called an expression; test people.

    Only the lids move, or the head, or skin as no unit moves it, or nothing.
    """
    config = read_facs_recipe(recipe)
    assert isinstance(config, RegionsConfig)
    gallery, known = Gallery(config.faces), tuple(sorted({*EXPRESSIVE, 43}))
    models = {name: create_au_model(name) for name in ("evidence", "learned")}
    for kind in kinds:
        pairs = measure_pairs(
            gallery, config.ict, "test", range(count), create(estimator), known, seed, only=kind
        )
        print_pairs(f"{estimator}, {kind} only", models, encoder, pairs)


def real(folder: str, also: str) -> None:
    """Units of real stored flow, nobody trained on, as `mellm analyze` would put them together.

    Prints macro F1 over the commonest units and F1 of all their calls, for each measurement. Its scale is
    unknown, so that closing lids cannot be told there.
    """
    data = read_flow_set(folder, also)
    data = data.select(np.array([has_units(sample) is True for sample in data.samples]))
    known = commonest_units(data.samples)
    true = half_labels([s.action_units.present for s in data.samples], known).any(axis=1)
    weights, encoder = weights_of("flow", "relative"), shipped_encoder("flow")
    for number, flows in enumerate(data.measurements, 1):
        motions = [regional_motion(recover_flow(stored)) for stored in flows]
        seen = [encoder.read_regions(motion, "relative") for motion in motions]
        rows = {"encoder": [opinion.evidence(m) for opinion, m in zip(seen, motions, strict=True)]}
        for name in ("evidence", "learned"):
            model = create_au_model(name, known_scale=False)
            rows[name] = [model.predict(motion) for motion in motions]
            rows[f"{name} + encoder"] = [
                combined_units(stage, opinion, weights)
                for stage, opinion in zip(rows[name], seen, strict=True)
            ]
        for name, found in rows.items():
            named = [{26 if e.au == 27 else e.au: e.probability for e in each} for each in found]
            called = np.array([[each.get(au, 0.0) >= PRESENT for au in known] for each in named])
            macro = np.mean([f1(called[:, u], true[:, u]) for u in range(len(known))])
            print(f"measurement {number}, {name}: macro {macro:.3f}, micro {f1(called, true):.3f}")


def read_pairs(model: AUModel, pairs: RegionPairs) -> str:
    """Return F1 of units, how often a one-sided unit's side is right, and false alarms.

    A false alarm is a unit that is called where none (but closing eyes) is there.
    """
    true = np.asarray(pairs.halves.any(axis=1), bool)
    called = np.zeros_like(true)
    sided = right = alarms = 0
    sizes = np.hypot(*pairs.vectors.transpose(2, 0, 1)) if pairs.sizes is None else pairs.sizes
    for row, measured in enumerate(zip(pairs.vectors, sizes, pairs.moving, strict=True)):
        seen = {26 if e.au == 27 else e.au: e for e in model.predict(as_motion(*measured))}
        for u, au in enumerate(pairs.units):
            # An encoder knows fewer units than are tested.
            called[row, u] = au in seen and seen[au].probability >= PRESENT
            half = pairs.halves[row, :, u]
            if called[row, u] and half.sum() == 1:
                sided, right = sided + 1, right + (seen[au].side == ("left" if half[0] else "right"))
        alarms += bool(
            not abstains(list(seen.values())) and not true[row, [u != 43 for u in pairs.units]].any()
        )
    nothing = int((~true[:, [u != 43 for u in pairs.units]].any(axis=1)).sum())
    return f"F1 {f1(called, true):.3f} ({len(true)} pairs), side {right}/{sided}, alarms {alarms}/{nothing}"


def as_motion(vectors: np.ndarray, sizes: np.ndarray, moving: np.ndarray) -> list[RegionMotion]:
    """Motion (29, 2) and its mean magnitude (29,) as a measurement of a face of 200 px.

    Both are fractions of the inter-ocular distance.
    """
    numbers = np.concatenate([vectors, sizes[:, None]], axis=1)
    return region_motion(np.asarray(numbers, np.float32), moving, 200.0)


def speed(rounds: int) -> None:
    """Time both action-unit models on one set of 29 regions."""
    rng = np.random.default_rng(0)
    motion = []
    for name in REGION_NAMES:
        u, v = rng.normal(0, 0.5, 2)
        length = float(np.hypot(u, v))
        motion.append(RegionMotion(name, u, v, length, length, length / 180, 0.0, "right", 1.0, True))
    for name in ("evidence", "learned"):
        units, emotions = create_au_model(name), create_emotion_model()
        started = time.perf_counter()
        for _ in range(rounds):
            emotions.predict(units.predict(motion), "7")
        print(f"{name} units and emotion: {(time.perf_counter() - started) / rounds * 1000:.3f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "what",
        choices=(
            "recognition",
            "leak",
            "units",
            "emotion",
            "conventions",
            "origins",
            "alarms",
            "real",
            "speed",
        ),
    )
    parser.add_argument("--data", default="../shared/data/megc2019_flow")
    parser.add_argument("--also", default="../shared/data/megc2019_flow_second", help="for `real`")
    parser.add_argument("--protocol", default="loso")
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--faces", type=Path, default=Path("../shared/data/faces"))
    parser.add_argument(
        "--ict", type=Path, default=Path("../shared/data/ict_facekit/ict_facekit_compact.npz")
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pairs", type=int, default=80)
    parser.add_argument("--estimator", default="dis")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1000, help="of the pairs that `alarms` makes")
    parser.add_argument("--kinds", nargs="+", choices=STILL, default=STILL, help="for `alarms`")
    parser.add_argument("--encoder", type=Path, help="folder of another encoder of the flow route")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/facs-regions.yaml"))
    given = parser.parse_args()
    encoder = MotionEncoder("flow", given.encoder) if given.encoder else shipped_encoder("flow")
    if given.what == "recognition":
        recognition(given.data, given.protocol, given.models)
    elif given.what == "leak":
        leak(given.data, given.epochs)
    elif given.what == "units":
        units(given.faces, given.ict, given.pairs, given.estimator)
    elif given.what == "emotion":
        emotion(given.shared)
    elif given.what == "conventions":
        conventions(given.shared)
    elif given.what == "origins":
        origins(given.recipe, given.estimator, encoder)
    elif given.what == "alarms":
        false_alarms(given.recipe, given.estimator, given.pairs, given.seed, encoder, given.kinds)
    elif given.what == "real":
        real(given.data, given.also)
    else:
        speed(given.rounds)


if __name__ == "__main__":
    main()
