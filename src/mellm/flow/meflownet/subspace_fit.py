"""Fitting the motion prior to two pictures of a face.

One linear least-squares problem per warp (Lucas and Kanade 1981, in a motion subspace; the prior makes it a
maximum-a-posteriori estimate). The expression's amplitude differs from place to place: an expression moves
little of the face, and what it does not move must not be given its noise. Knows pictures on the chart and the
prior; nothing of networks or files.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.cubic import read_picture
from mellm.flow.meflownet.chart import CELL, HEIGHT, Chart, chart_pixels, inside_face
from mellm.flow.meflownet.motion_prior import (
    FACE,
    FADE,
    RIGID,
    RIGID_SD,
    STILL,
    SURE,
    THINNED,
    MotionPrior,
    SubspaceFit,
    along_turn,
    rigid_flow,
    rigid_motions,
    rigid_share,
    robust_rigid,
    solve,
    spread,
    turned_motions,
)
from mellm.flow.meflownet.network_evidence import normal_terms, upsample

WARPS = 8
"""Most warping passes of a fit."""

SETTLED, SETTLED_QUICK = 0.02, 0.06
"""Mean change of the flow, chart pixels, under which a fit, and a quick one, stops."""

ADAPTATIONS, FIRST_ADAPTATION = 2, 2
"""How often the amplitude is given to places, and the pass before which it is done first (if quick, one pass
sooner)."""

AROUND = 5.0
"""Cells around a place (Gaussian) whose motion says how much the place may move."""

CALM = 0.05
"""Amplitude of a calm place, as a share of that of the most moving one."""

COARSE = 2
"""First passes, on pictures of half the size: cheaper, and less misled by noise."""

BLOCK = 4
"""Cells per side of the blocks over which the evidence is summed: the motions are smooth."""

RIGID_STEPS = 3
"""Steps of the fit of a rigid motion alone."""

BESIDE = 3
"""Cells around the face whose pictures are looked at too: gradients and residuals reach so far."""

Array = NDArray[np.float32]
Double = NDArray[np.float64]


class PriorFit:
    """Fits one prior to pairs; what depends on the prior alone is prepared once.

    Example:
        found = PriorFit(prior).fit(chart, onset, apex, start)
    """

    def __init__(self, prior: MotionPrior, quick: bool = False) -> None:
        """Lay the prior's motions out on the cells of the face, and on blocks of them.

        quick: a pass less, and sooner content; large motion is found less well
        """
        self.prior = prior
        self._first = FIRST_ADAPTATION - quick
        self._settled = SETTLED_QUICK if quick else SETTLED
        self.inside = inside_face(prior.template)
        """Share of the face, (rows, cols)."""
        self._face = self.inside > FACE
        self.sure = self.inside > SURE
        trust = prior.temperature * np.clip(self.inside * 2 - 0.8, 0, 1) * self._face
        self._trust = trust[..., None].astype(np.float32)
        self._motions = (prior.expression * prior.expression_sd).astype(np.float32)
        self._fade = np.clip((self.inside - FADE[0]) / (FADE[1] - FADE[0]), 0, 1)[..., None]
        self._cells = _around_face(self._face)
        self._pixels = chart_pixels()
        self._used, self._members = _members(self._face)
        self._count = (self._members < np.count_nonzero(self._face)).sum(1).astype(np.float32)
        self._block_motions = self._on_blocks(self._motions)
        self._depth, self._heads = prior.depth * prior.depth_sd, prior.head * prior.head_sd
        self._block_depth, self._block_heads = self._on_blocks(self._depth), self._on_blocks(self._heads)
        share = self._face.astype(np.float32)
        self._mass = cv2.GaussianBlur(share, (0, 0), AROUND) + np.float32(1e-3)
        typical = np.zeros(self._face.shape, np.float32)
        typical[self._face] = (self._motions**2).sum((1, 2))
        self._typical = self._around(typical)

    def fit(self, chart: Chart, onset: Array, apex: Array, start: Array) -> SubspaceFit:
        """Fit head and expression motion to two illumination-normalised chart pictures (HEIGHT, WIDTH).

        `start` is any chart flow on the cells, (rows, cols, 2): only its rigid part is used, to begin within
        reach of the linearisation.
        """
        prior, face = self.prior, self._face
        small = halved(onset), halved(apex)
        rigid = rigid_motions(chart)
        heads = RIGID + prior.depth_sd.size + prior.head_sd.size
        coefficients: Double = np.zeros(heads + prior.expression_sd.size)
        coefficients[:RIGID] = robust_rigid(start[face][::THINNED], rigid[face][::THINNED])
        basis = np.empty((len(self._members), 2, len(coefficients)), np.float32)
        basis[..., :RIGID] = self._on_blocks(rigid[face])
        basis[..., heads:] = self._block_motions
        flat = basis.reshape(-1, basis.shape[-1])
        expression, scale, amplitude = (
            np.zeros((*face.shape, 2), np.float32),
            np.ones(face.shape, np.float32),
            1.0,
        )
        for step in range(WARPS):
            along, head = self._head(chart, coefficients, heads)
            basis[..., RIGID:heads] = turned_motions(
                self._on_blocks(along), self._block_depth, self._block_heads, coefficients
            )
            pair = small if step < COARSE else (onset, apex)
            terms = self._terms(*pair, head + expression) * self._trust
            if self._first <= step < self._first + ADAPTATIONS:
                scale = self._amplitudes(expression, rigid, amplitude)
                basis[..., heads:] = self._block_motions * self._on_blocks(scale[face])[:, None, None]
            moved = (flat[:, :heads] @ coefficients[:heads].astype(np.float32)).reshape(-1, 2)
            moved = moved + self._on_blocks(expression[face])
            evidence, right = _normal_equations(basis, _blocks(terms)[self._used], moved)
            coefficients, amplitude = solve(evidence, right, heads, amplitude, search=step > 0)
            before = expression
            found = self._motions.reshape(-1, self._motions.shape[-1]) @ coefficients[heads:].astype(
                np.float32
            )
            expression = spread(found, face) * scale[..., None]
            settled = float(np.abs(expression - before)[face].mean()) < self._settled
            if step >= self._first + ADAPTATIONS - 1 and settled:
                break
        head = self._head(chart, coefficients, heads)[1]
        expression, shift = self.without_share(expression, rigid)
        return SubspaceFit(expression, head + shift, coefficients, amplitude)

    def rigid_between(self, chart: Chart, first: Array, second: Array, start: Array) -> Array:
        """Return the rigid motion of the face between two pictures as `fit` takes them, on all cells.

        `start` (rows, cols, 2) chart pixels is rough flow; the answer comes from the pictures themselves, in
        a few Gauss-Newton steps on six numbers, so sensor noise hardly reaches it.
        """
        rigid = rigid_motions(chart)
        basis = self._on_blocks(rigid[self._face])
        coefficients = robust_rigid(start[self._face], rigid[self._face])
        for _ in range(RIGID_STEPS):
            flow = rigid_flow(chart, coefficients)
            terms = _blocks(self._terms(first, second, flow) * self._trust)[self._used]
            moved = basis @ coefficients.astype(np.float32)
            evidence, right = _normal_equations(basis, terms, moved)
            coefficients = np.asarray(np.linalg.solve(evidence + RIGID_SD**-2 * np.eye(RIGID), right), float)
        return rigid_flow(chart, coefficients)

    def _terms(self, onset: Array, apex: Array, flow: Array) -> Array:
        """The normal equations' terms after warping by `flow`, (rows, cols, 5), looked at around the face
        alone.
        """
        terms = np.zeros((*self._face.shape, 5), np.float32)
        shrink = HEIGHT // len(onset)
        terms[self._cells] = normal_terms(onset[self.box(shrink)], self.warped(apex, flow), shrink)
        return terms

    def box(self, shrink: int = 1) -> tuple[slice, slice]:
        """Rows and columns that hold the face, and a little around it.

        Of a chart picture with its sides divided by `shrink`.
        """
        rows, cols = (slice(CELL // shrink * s.start, CELL // shrink * s.stop) for s in self._cells)
        return rows, cols

    def warped(self, apex: Array, flow: Array) -> Array:
        """Bring the apex back onto the onset by `flow` (rows, cols, 2), in the box around the face alone.

        The apex may have its sides divided, as in `box`.
        """
        shrink = HEIGHT // len(apex)
        box = self.box(shrink)
        places = upsample(flow, shrink)[box]
        if shrink > 1:
            places /= np.float32(shrink)
        places += self._pixels[box]
        return read_picture(apex, places)

    def faded(self, field: Array) -> Array:
        """Let a field (rows, cols, 2) fade to nothing towards the face's edge."""
        return np.asarray(field * self._fade, np.float32)

    def without_share(self, expression: Array, rigid: Array) -> tuple[Array, Array]:
        """Take the rigid motion that most of the face shares out of an expression; return both.

        Off the face the face's head motion stands alone.
        """
        shift = rigid_share(expression, rigid, self.sure)
        return self.faded(expression - shift), shift

    def _head(self, chart: Chart, coefficients: Double, heads: int) -> tuple[Array, Array]:
        """How the turn moves depth, (N, 2), and the head's flow (rows, cols, 2)."""
        along = along_turn(chart, coefficients)[self._face]
        depth, rest = np.split(coefficients[RIGID:heads].astype(np.float32), [self._depth.shape[1]])
        turn = np.float32(np.hypot(coefficients[4], coefficients[5]) + STILL)
        more = np.asarray(along * (self._depth @ depth)[:, None] + self._heads @ (rest * turn), np.float32)
        return along, rigid_flow(chart, coefficients[:RIGID]) + spread(more.ravel(), self._face)

    def _amplitudes(self, expression: Array, rigid: Array, amplitude: float) -> Array:
        """Return each cell's amplitude relative to the pair's, (rows, cols), from what was found around
        it.
        """
        shift = rigid_share(expression, rigid, self.sure)
        energy = ((expression - shift) ** 2).sum(-1) * self._face
        least = CALM**2 * float(np.percentile(energy[self._face], 99)) + 1e-5
        ratio = (self._around(energy) + least) / (self._typical * amplitude**2 + 1e-9)
        scale = np.sqrt(ratio)
        return np.asarray(scale / np.sqrt((scale[self._face] ** 2).mean()), np.float32)

    def _around(self, energy: Array) -> Array:
        """Mean over the face's cells around each."""
        return np.asarray(cv2.GaussianBlur(energy, (0, 0), AROUND) / self._mass, np.float32)

    def _on_blocks(self, values: Array) -> Array:
        """Means over the blocks' cells on the face, (P, ...), of values (N, ...) on the face's cells."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]), np.float32)])
        return np.asarray(
            padded[self._members].sum(1) / self._count.reshape(-1, *[1] * (values.ndim - 1)), np.float32
        )


def halved(picture: Array) -> Array:
    """Divide a picture's sides by two."""
    size = (picture.shape[1] // 2, picture.shape[0] // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _around_face(face: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of cells that hold the face, and a little around it."""
    sides = []
    for axis in (1, 0):
        at = np.flatnonzero(face.any(axis=axis))
        sides.append(slice(max(0, int(at[0]) - BESIDE), min(face.shape[1 - axis], int(at[-1]) + 1 + BESIDE)))
    return sides[0], sides[1]


def _members(face: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which blocks (rows / BLOCK, cols / BLOCK) hold cells of the face, and which cells each of them
    holds: (P, BLOCK^2) numbers of cells of the face, their count N where a cell is off it.
    """
    rows, cols = face.shape
    count = np.count_nonzero(face)
    number = np.where(face.ravel(), np.cumsum(face) - 1, count).reshape(face.shape)
    blocks = number.reshape(rows // BLOCK, BLOCK, cols // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    members = blocks.reshape(rows // BLOCK, cols // BLOCK, -1)
    used = np.asarray((members < count).any(-1), np.bool_)
    return used, np.asarray(members[used], np.int64)


def _blocks(cells: Array) -> Array:
    """Sums over blocks of BLOCK x BLOCK cells, (rows / BLOCK, cols / BLOCK, C)."""
    size = cells.shape[1] // BLOCK, cells.shape[0] // BLOCK
    return np.asarray(
        cv2.resize(cells, size, interpolation=cv2.INTER_AREA) * np.float32(BLOCK**2), np.float32
    )


def _normal_equations(basis: Array, terms: Array, moved: Array) -> tuple[Double, Double]:
    """Sum B^T M B and B^T (M f - g): Gauss-Newton about the flow f.

    basis: B, (N, 2, K); terms: xx, xy, yy of M and the two of g, (N, 5); moved: f, (N, 2). With M = L L^T the
    sum is one symmetric product, which costs half.
    """
    u, v = basis[:, 0], basis[:, 1]
    first = np.sqrt(np.maximum(terms[:, :1], 1e-12))
    cross = terms[:, 1:2] / first
    second = np.sqrt(np.maximum(terms[:, 2:3] - cross**2, 0))
    rows = np.concatenate([first * u + cross * v, second * v])
    evidence = (rows.T @ rows).astype(np.float64)
    aim_u = terms[:, 0] * moved[:, 0] + terms[:, 1] * moved[:, 1] - terms[:, 3]
    aim_v = terms[:, 1] * moved[:, 0] + terms[:, 2] * moved[:, 1] - terms[:, 4]
    return evidence, (u.T @ aim_u + v.T @ aim_v).astype(np.float64)
