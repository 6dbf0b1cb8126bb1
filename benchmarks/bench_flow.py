"""Classical flow estimators on analytically warped faces: error and time as ratios against TV-L1.

Each pair is one still face and the same face warped by a flow known everywhere: a 3D head motion (the
mesh's own depth, a pinhole camera) plus local movements where action units move the face, with sensor noise
and a change of brightness. Run from the repository root:

    python benchmarks/bench_flow.py --faces ../shared/data/faces --pairs 40

`--compensations` compares the head-motion methods on one estimator instead, `--tune-tvl1` prints the grid of
TV-L1's lambda, `--moving` how well regions are told to move. Errors are end-point errors in px over the
face: of the facial flow, and of the expression flow after head compensation. Times are of a pair with
landmarks: flow, compensation and measuring the 29 regions; they depend on the machine and its load, the
ratios less so.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import find_faces
from mellm.face.people import Landmarks
from mellm.flow import COMPENSATIONS, create, measure_flow
from mellm.flow.field import FlowField

WIDTH, HEIGHT, FACE_WIDTH = 400, 480, 280
CAMERA_PX = 1500.0  # distance of the camera: some 80 cm for a face 280 px wide

# Action unit -> mesh points it moves: (point, direction u v per unit of strength, spread / face width).
MOVEMENTS = {
    "1": [(55, (0.1, -1.0), 0.09), (285, (-0.1, -1.0), 0.09)],
    "2": [(46, (-0.1, -1.0), 0.09), (276, (0.1, -1.0), 0.09)],
    "4": [(55, (0.5, 0.9), 0.10), (285, (-0.5, 0.9), 0.10)],
    "6": [(50, (-0.1, -0.8), 0.10), (280, (0.1, -0.8), 0.10)],
    "9": [(64, (0.0, -1.0), 0.07), (294, (0.0, -1.0), 0.07)],
    "12": [(61, (-0.8, -0.8), 0.10), (291, (0.8, -0.8), 0.10)],
    "L12": [(291, (0.8, -0.8), 0.10)],
    "14": [(61, (-1.0, 0.1), 0.07), (291, (1.0, 0.1), 0.07)],
    "15": [(61, (-0.2, 0.9), 0.08), (291, (0.2, 0.9), 0.08)],
    "17": [(199, (0.0, -1.0), 0.12)],
}


@dataclass(frozen=True)
class Pair:
    """One analytic pair: pictures, onset landmarks, true flows, and the face's pixels."""

    onset: NDArray[np.uint8]
    apex: NDArray[np.uint8]
    landmarks: Landmarks
    facial: FlowField
    expression: FlowField
    face: NDArray[np.bool_]


def cropped(picture: NDArray[np.uint8], landmarks: Landmarks) -> tuple[NDArray[np.uint8], Landmarks]:
    """Bring the face to the working crop: 400x480 px, the face 280 px wide."""
    points = landmarks.points
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    scale = FACE_WIDTH / float(high[0] - low[0])
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - scale * (low + high) / 2
    matrix = np.float32([[scale, 0, shift[0]], [0, scale, shift[1]]])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    crop = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REFLECT_101)
    moved = points * scale
    moved[:, :2] += shift
    return crop, Landmarks(moved.astype(np.float32))


def mesh_depth(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth of every pixel: linear over the Delaunay triangles of the points, nearest point's outside."""
    subdivision = cv2.Subdiv2D((-WIDTH, -HEIGHT, 3 * WIDTH, 3 * HEIGHT))
    ids = {subdivision.insert((float(x), float(y))): k for k, (x, y) in enumerate(points[:, :2])}
    depth = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    for triangle in subdivision.getTriangleList().reshape(-1, 3, 2):
        # Corners of the enclosing triangle are no landmarks.
        found = [ids.get(subdivision.findNearest((float(x), float(y)))[0]) for x, y in triangle]
        if None in found or np.abs(points[found, :2] - triangle).max() > 0.5:
            continue
        left, top = np.maximum(np.floor(triangle.min(0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(triangle.max(0)).astype(int), (WIDTH - 1, HEIGHT - 1))
        xs, ys = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        system = np.vstack([triangle.T, np.ones(3)])
        if abs(np.linalg.det(system)) < 1e-6 or xs.size == 0:
            continue
        share = np.linalg.solve(system, np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)]))
        inside = (share >= -1e-6).all(0)
        depth[ys.ravel()[inside], xs.ravel()[inside]] = (points[found, 2] @ share)[inside]
    known = ~np.isnan(depth)
    labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    values = np.zeros(labels.max() + 1, np.float32)
    values[labels[known]] = depth[known]
    filled = cv2.GaussianBlur(values[labels], (0, 0), 8)
    return np.where(known, depth, filled).astype(np.float32)


def head_flow(depth: NDArray[np.float32], rng: np.random.Generator, degrees: float) -> FlowField:
    """Flow of a head that turns about its middle, seen by a pinhole camera `CAMERA_PX` away."""
    turn = rng.normal(0, 1, 3) * degrees * np.array([1.0, 1.0, 0.5])
    rotation = cv2.Rodrigues(np.radians(turn))[0]
    x, y = np.meshgrid(np.arange(WIDTH) - WIDTH / 2, np.arange(HEIGHT) - HEIGHT / 2)
    z = depth - float(np.median(depth))
    # Back-project the pixels, turn about a point behind the face, project again.
    away = (CAMERA_PX + z) / CAMERA_PX
    body = np.stack([x * away, y * away, z - 0.3 * FACE_WIDTH], -1) @ rotation.T
    body += np.append(rng.normal(0, 1.0, 2), rng.normal(0, 4.0)) * (degrees > 0)
    body[..., 2] += 0.3 * FACE_WIDTH
    seen = body[..., :2] * (CAMERA_PX / (CAMERA_PX + body[..., 2:]))
    return (seen - np.stack([x, y], -1)).astype(np.float32)


def expression_flow(points: NDArray[np.float32], rng: np.random.Generator, strength: float) -> FlowField:
    """One to three action units' movements as sums of Gaussian bumps, the largest vector `strength` px."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    for name in rng.choice(list(MOVEMENTS), rng.integers(1, 4), replace=False):
        size = rng.uniform(0.4, 1.0)
        for point, vector, sigma in MOVEMENTS[str(name)]:
            spread = (sigma * FACE_WIDTH) ** 2
            bump = np.exp(-((x - points[point, 0]) ** 2 + (y - points[point, 1]) ** 2) / (2 * spread))
            flow += bump[..., None] * np.float32(size) * np.array(vector, np.float32)
    return flow * np.float32(strength / np.hypot(flow[..., 0], flow[..., 1]).max())


def warped(picture: NDArray[np.uint8], flow: FlowField) -> NDArray[np.uint8]:
    """Return the picture in which the point x of `picture` is at x + flow(x)."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    back = -flow
    for _ in range(10):
        back = -cv2.remap(
            flow, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return cv2.remap(
        picture, x + back[..., 0], y + back[..., 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101
    )


def developed(picture: NDArray[np.uint8], rng: np.random.Generator, noise: float) -> NDArray[np.uint8]:
    """A camera's doing: gain, offset and grain (slightly blurred, as demosaicing and coding leave it)."""
    gain, offset = 1 + rng.normal(0, 0.01), rng.normal(0, 1.0)
    grain = cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 0.6)
    grain *= noise / max(1e-9, float(grain.std()))
    return np.clip(np.rint(picture * gain + offset + grain), 0, 255).astype(np.uint8)


def make_pairs(folder: Path, count: int, seed: int, noise: float) -> list[Pair]:
    """Make `count` pairs, every second with head motion, from the pictures with a face in `folder`."""
    rng = np.random.default_rng(seed)
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    pairs: list[Pair] = []
    for k in rng.permutation(len(files)):
        if len(pairs) == count:
            break
        picture = cv2.cvtColor(cv2.imread(str(files[k])), cv2.COLOR_BGR2RGB)
        faces = find_faces(picture)
        if not faces or np.ptp(faces[0].landmarks.xy[:, 0]) < 100:
            continue
        crop, landmarks = cropped(picture, faces[0].landmarks)
        points = landmarks.points
        head = head_flow(mesh_depth(points), rng, degrees=1.5 if len(pairs) % 2 else 0.0)
        expression = expression_flow(points, rng, rng.uniform(0.5, 3.0))
        hull = cv2.convexHull(points[:, :2].astype(np.int32))
        face = cv2.fillConvexPoly(np.zeros((HEIGHT, WIDTH), np.uint8), hull, 1) > 0
        facial = head + expression
        apex = developed(warped(crop, facial), rng, noise)
        pairs.append(Pair(developed(crop, rng, noise), apex, landmarks, facial, expression, face))
    if len(pairs) < count:
        raise SystemExit(f"Only {len(pairs)} pictures of {folder} show a usable face; ask for fewer --pairs.")
    return pairs


def error(flow: FlowField, truth: FlowField, where: NDArray[np.bool_]) -> float:
    """Mean end-point error over `where`, px."""
    return float(np.linalg.norm(flow - truth, axis=-1)[where].mean())


def score(pairs: list[Pair], name: str, **options: object) -> tuple[float, float, float]:
    """Mean facial error, mean expression error (px) and median seconds of one estimator."""
    estimator = create(name, **options)
    estimator.estimate(pairs[0].onset, pairs[0].apex, pairs[0].landmarks)
    rows, seconds = [], []
    for pair in pairs:
        start = time.perf_counter()
        flow = estimator.estimate(pair.onset, pair.apex, pair.landmarks)
        measure_flow(flow, pair.landmarks)
        seconds.append(time.perf_counter() - start)
        rows.append(
            (error(flow.facial, pair.facial, pair.face), error(flow.expression, pair.expression, pair.face))
        )
    facial, expression = np.mean(rows, 0)
    return float(facial), float(expression), float(np.median(seconds))


def table(rows: list[tuple[str, tuple[float, float, float]]], reference: str) -> None:
    """Print errors and times, each also as a ratio to the row named `reference`."""
    base = dict(rows)[reference]
    print(
        f"{'':24s}{'facial px':>11s}{'ratio':>7s}{'expression px':>15s}{'ratio':>7s}{'ms':>9s}{'ratio':>8s}"
    )
    for name, values in rows:
        f, e, s = values
        print(
            f"{name:24s}{f:11.3f}{f / base[0]:7.2f}{e:15.3f}{e / base[1]:7.2f}"
            f"{1000 * s:9.1f}{s / base[2]:8.3f}"
        )


def moving(folder: Path, count: int) -> None:
    """Print how often still regions count as moving, and a small movement of one mouth corner is seen."""
    faces = make_pairs(folder, count, 11, 0.0)
    estimator, rng = create("dis"), np.random.default_rng(0)
    print("noise   still regions moving   0.3 px seen   0.5 px seen")
    for noise in (1.5, 3.0, 5.0):
        wrong, seen = 0, {0.3: 0, 0.5: 0}
        for face in faces:
            x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
            square = (x - face.landmarks.points[61, 0]) ** 2 + (y - face.landmarks.points[61, 1]) ** 2
            bump = np.exp(-square / (2 * (0.1 * FACE_WIDTH) ** 2))[..., None] * np.array([-0.71, -0.71])
            for size in (0.0, *seen):
                apex = warped(face.onset, (size * bump).astype(np.float32))
                pictures = [developed(picture, rng, noise) for picture in (face.onset, apex)]
                flow = estimator.estimate(*pictures, face.landmarks)
                motion = measure_flow(flow, face.landmarks).motion
                if size == 0.0:
                    wrong += sum(region.moving for region in motion)
                else:
                    seen[size] += any(r.moving for r in motion if r.name == "left mouth corner")
        shares = "".join(f"{hits / count:14.0%}" for hits in seen.values())
        print(f"{noise:5.1f}{wrong:15d} of {29 * count}{shares}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=Path, default=Path("../shared/data/faces"), help="folder of pictures")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise", type=float, default=3.0, help="grey levels, standard deviation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--estimators", nargs="+", default=["tvl1", "dis", "farneback", "deepflow", "rlof"])
    parser.add_argument("--compensations", action="store_true", help="compare head-motion methods on DIS")
    parser.add_argument("--tune-tvl1", action="store_true", help="print the grid of TV-L1's lambda")
    parser.add_argument("--moving", action="store_true", help="false and missed movement against noise")
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)
    if arguments.moving:
        moving(arguments.faces, arguments.pairs)
        return
    pairs = make_pairs(arguments.faces, arguments.pairs, arguments.seed, arguments.noise)
    still = float(np.mean([np.linalg.norm(p.expression, axis=-1)[p.face].mean() for p in pairs]))
    moved = float(np.mean([np.linalg.norm(p.facial, axis=-1)[p.face].mean() for p in pairs]))
    print(
        f"{len(pairs)} pairs, {WIDTH}x{HEIGHT} px, noise {arguments.noise}, seed {arguments.seed}, "
        f"OpenCV {cv2.__version__}, {arguments.threads} threads; "
        f"mean true motion: facial {moved:.3f} px, expression {still:.3f} px"
    )
    if arguments.compensations:
        rows = [(name, score(pairs, "dis", compensation=name)) for name in COMPENSATIONS]
        table(rows, "nose-patch")
    elif arguments.tune_tvl1:
        rows = [(f"lambda {v}", score(pairs, "tvl1", lambda_=v)) for v in (0.02, 0.04, 0.07, 0.1, 0.15, 0.3)]
        table(rows, "lambda 0.15")
    else:
        table([(name, score(pairs, name)) for name in dict.fromkeys(["tvl1", *arguments.estimators])], "tvl1")


if __name__ == "__main__":
    main()
