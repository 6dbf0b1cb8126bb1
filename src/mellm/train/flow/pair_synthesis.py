"""Training pairs drawn on tensors: portraits set into motion, filmed, and aligned, thousands a minute.

A portrait's skin is cut into sheets at eyes and mouth (`portrait_assets`). A face motion of some origin moves
the sheets, a pose moves the head, a camera takes both frames, and both are put into the aligned crop with the
slip of a detector. The drawing is written anew for tensors, so the pairs of `mellm.simulate`, on which
estimators are compared, are rendered by other code. Knows torch; nothing of networks, files or training.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from mellm.train.flow.flow_evidence import sample
from mellm.train.flow.pair_tensors import (
    CROP_HEIGHT,
    CROP_WIDTH,
    FIRST,
    MARGIN,
    NODE,
    PortraitTensors,
    TrainingPairs,
    affine,
    at_lattice,
    by_label,
    half_mirrored,
    pixels,
    read,
    skew,
)
from mellm.train.flow.tensor_camera import Film, draw_film

ZOOMS = (0.4, 0.5, 0.64, 0.8, 1.0, 1.28)
"""Px of a camera's frame per px of the crop."""


@dataclass(frozen=True, slots=True)
class PairDraw:
    """How pairs are drawn; px are those of the aligned crop.

    smallest, largest: peak of the expression, drawn log-uniformly between
    still, posed, mixed, gazing: shares of pairs without expression, with head motion, with a second
        motion on top, with moving eyes
    exact: share of batches whose frames are the crop itself and are not resampled
    """

    smallest: float = 0.12
    largest: float = 6.0
    still: float = 0.12
    posed: float = 0.6
    mixed: float = 0.3
    gazing: float = 0.15
    exact: float = 0.4


class PairSynthesis:
    """Draws batches. motions: (M, 6, h, w) half, the two sheets' displacements; origin: (M,) int."""

    def __init__(
        self,
        portraits: PortraitTensors,
        motions: Tensor,
        origins: Tensor,
        draw: PairDraw | None = None,
        seed: int = 0,
    ) -> None:
        self.portraits, self.motions, self.origins = portraits, motions, origins
        self.plan = draw or PairDraw()
        self.device = motions.device
        self.generator = torch.Generator(self.device).manual_seed(seed)
        # Every origin is drawn equally often, however many motions it has.
        share = torch.bincount(origins).float()
        self._weight = 1 / share[origins]
        rows, cols = motions.shape[-2:]
        y, x = torch.meshgrid(
            torch.arange(rows, device=self.device), torch.arange(cols, device=self.device), indexing="ij"
        )
        self.nodes = torch.stack([x, y], dim=-1).float() * NODE - MARGIN + FIRST

    def batch(self, size: int) -> TrainingPairs:
        """Draw a batch of `size` pairs; all are filmed at one resolution."""
        with torch.no_grad():
            return self._batch(size)

    # ---- random numbers

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=self.generator, device=self.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def _chance(self, share: float, size: int) -> Tensor:
        return self._uniform(0, 1, size) < share

    # ---- motion

    def _expression(self, who: Tensor) -> tuple[Tensor, Tensor]:
        """Displacement of both sheets (B, 2, 3, h, w), px, and the origins (B,)."""
        size = len(who)
        which = torch.multinomial(self._weight, 2 * size, replacement=True, generator=self.generator)
        origin = self.origins[which[:size]]
        fields = self._fields(which[:size], who)
        second = self._fields(which[size:], who)
        share = self._uniform(0.1, 0.6, size) * self._chance(self.plan.mixed, size)
        fields = fields + share[:, None, None, None, None] * second
        peak = fields[:, :, :2].square().sum(2).amax(dim=(1, 2, 3)).sqrt().clamp(min=1e-6)
        low, high = (torch.tensor(v).log().item() for v in (self.plan.smallest, self.plan.largest))
        wanted = torch.exp(self._uniform(low, high, size)) * ~self._chance(self.plan.still, size)
        return fields * (wanted / peak)[:, None, None, None, None], torch.where(wanted > 0, origin, -1)

    def _fields(self, which: Tensor, who: Tensor) -> Tensor:
        """Motions of the canonical face carried to the portraits, peak 1 px, (B, 2, 3, h, w)."""
        at = self.nodes + self.portraits.place[who].permute(0, 2, 3, 1)
        fields = at_lattice(self.motions[which].float(), at)
        fields = fields.reshape(len(who), 2, 3, *fields.shape[-2:])
        fields = torch.einsum("bij,bsjhw->bsihw", self.portraits.linear[who], fields)
        peak = fields[:, :, :2].square().sum(2).amax(dim=(1, 2, 3)).sqrt().clamp(min=1e-6)
        return fields / peak[:, None, None, None, None]

    def _flows(self, who: Tensor, expression: Tensor) -> Tensor:
        """Flow of the upper sheet, the lower sheet, what shows through, and the head: (B, 4, 2, h, w)."""
        size = len(who)
        p = self.portraits
        depth, centre, width = p.depth[who], p.centre[who], p.width[who]
        posed = self._chance(self.plan.posed, size).float()
        strength = torch.exp(self._uniform(-3.0, 0.4, size)) * posed
        angles = torch.deg2rad(self._normal(size, 3) * torch.tensor([1.2, 1.5, 0.8], device=self.device))
        turn = torch.matrix_exp(skew(angles * strength[:, None]))
        shift = self._normal(size, 2) * 3.0 * strength[:, None]
        approach = self._normal(size) * 0.005 * strength
        camera = self._uniform(3.0, 8.0, size) * width
        pivot = centre + torch.tensor([0.0, 0.35, 0.55], device=self.device) * width[:, None]

        def carry(moved: Tensor) -> Tensor:
            x = self.nodes[..., 0] + moved[:, 0]
            y = self.nodes[..., 1] + moved[:, 1]
            z = depth[:, 0] + moved[:, 2]
            body = torch.stack([x, y, z], dim=1) - pivot[:, :, None, None]
            turned = torch.einsum("bij,bjhw->bihw", turn, body) + pivot[:, :, None, None]
            before = camera[:, None, None] + z - centre[:, 2, None, None]
            after = (camera[:, None, None] + turned[:, 2] - centre[:, 2, None, None]).clamp(min=100.0)
            grow = (1 + approach[:, None, None]) * before / after
            place = (turned[:, :2] - centre[:, :2, None, None]) * grow[:, None]
            place = place + (centre[:, :2] + shift)[:, :, None, None]
            return place - self.nodes.permute(2, 0, 1)

        still = torch.zeros_like(expression[:, 0])
        gaze = torch.zeros_like(still)
        gaze[:, :2] = (self._normal(size, 2) * 0.7 * self._chance(self.plan.gazing, size)[:, None])[
            ..., None, None
        ]
        head = p.head[who]
        backdrop = self._normal(size, 2) * 2.0 * (posed * self._chance(0.4, size))[:, None]
        backdrop = backdrop[..., None, None] * (1 - head)
        flows = [carry(f) * head + backdrop for f in (expression[:, 0], expression[:, 1], gaze, still)]
        return torch.stack(flows, dim=1)

    # ---- pictures

    def _batch(self, size: int) -> TrainingPairs:
        who = torch.randint(
            len(self.portraits.picture), (size,), generator=self.generator, device=self.device
        )
        expression, origin = self._expression(who)
        flows = self._flows(who, expression)
        to_crop = self._slip(size)
        frame, film = self._frame(size)
        label = self.portraits.label[who].float()
        at = affine(to_crop, affine(frame.to_chart, frame.pixels))
        onset, apex = self._photographs(who, flows, label, at)
        light = self._light(size, frame.rows, frame.cols, flows, at)
        onset, apex = film.take(onset, apex * light, by_label(flows, label, at), self.generator)
        if not frame.exact:
            place = affine(frame.from_chart, pixels(CROP_HEIGHT, CROP_WIDTH, 1, self.device))
            onset, apex = (sample(picture, place).clamp(0, 255) for picture in (onset, apex))
        return self._told(who, onset, apex, flows, label, to_crop, origin)

    def _slip(self, size: int) -> Tensor:
        """From the crop that a detector's landmarks give to the portrait's own crop: (B, 2, 3)."""
        angle = torch.deg2rad(self._normal(size) * 2.5)
        scale = torch.exp(self._normal(size) * 0.05)
        middle = torch.tensor([199.5, 220.0], device=self.device)
        shift = self._normal(size, 2) * 5.0
        c, s = scale * torch.cos(angle), scale * torch.sin(angle)
        linear = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], dim=1)
        offset = middle + shift - torch.einsum("bij,j->bi", linear, middle)
        return torch.cat([linear, offset[:, :, None]], dim=2)

    def _frame(self, size: int) -> tuple["_Frame", Film]:
        """Draw the frame that the camera sees, as a place of the crop's px, and the camera."""
        exact = bool(self._uniform(0, 1, 1) < self.plan.exact)
        zoom = 1.0 if exact else ZOOMS[int(self._uniform(0, len(ZOOMS), 1))]
        rows, cols = (16 * -(-round(side * zoom) // 16) for side in (CROP_HEIGHT, CROP_WIDTH))
        angle = torch.deg2rad(self._normal(size) * (0.0 if exact else 6.0))
        c, s = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        linear = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], dim=1)
        middle = torch.tensor([(CROP_WIDTH - 1) / 2, (CROP_HEIGHT - 1) / 2], device=self.device)
        there = torch.tensor([(cols - 1) / 2, (rows - 1) / 2], device=self.device)
        offset = there - torch.einsum("bij,j->bi", linear, middle)
        if not exact:
            offset = offset + self._uniform(-0.5, 0.5, size, 2)
        forward = torch.cat([linear, offset[:, :, None]], dim=2)
        back = torch.linalg.inv(linear)
        backward = torch.cat([back, -torch.einsum("bij,bj->bi", back, offset)[:, :, None]], dim=2)
        where = pixels(rows, cols, 1, self.device)
        return _Frame(exact, rows, cols, forward, backward, where), draw_film(
            size, self.generator, self.device
        )

    def _photographs(self, who: Tensor, flows: Tensor, label: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
        """The noise-free frames: the portrait at `at` (B, H, W, 2), and after the motion."""
        picture = self.portraits.picture[who].float()
        inside = self.portraits.inside[who].float()
        grain = self._grain(len(who), picture.shape[-2:])
        picture, inside = picture + grain, inside + grain
        sheet = torch.remainder(label, 4)
        masks = torch.cat([(sheet == k).float() for k in range(3)], dim=1)
        masks = F.avg_pool2d(F.pad(masks, (1, 1, 1, 1), mode="replicate"), 3, 1)
        onset = sample(picture, at + MARGIN)
        back = [self._back(flows[:, k], at) for k in range(3)]
        mouth = self._back(flows[:, 3], at)
        around = read(label, at, "nearest") >= 4
        back[2] = torch.where(around[:, 0, :, :, None], mouth, back[2])
        upper = read(masks[:, :1], back[0])
        lower = torch.minimum(read(masks[:, 1:2], back[1]), 1 - upper)
        open_ = 1 - upper - lower
        apex = upper * sample(picture, back[0] + MARGIN) + lower * sample(picture, back[1] + MARGIN)
        return onset, apex + open_ * sample(inside, back[2] + MARGIN)

    def _grain(self, size: int, shape: torch.Size) -> Tensor:
        """Fine texture of skin that small photographs have lost, for a part of the pairs."""
        white = self._normal(size, 1, *shape)
        soft = F.avg_pool2d(F.pad(white, (1, 1, 1, 1), mode="replicate"), 3, 1)
        wide = F.avg_pool2d(F.pad(soft, (3, 3, 3, 3), mode="replicate"), 7, 1)
        amount = torch.exp(self._uniform(-0.7, 2.2, size)) * self._chance(0.45, size)
        return (soft - wide) * 3.5 * amount[:, None, None, None]

    def _back(self, flow: Tensor, at: Tensor) -> Tensor:
        """Solve x + flow(x) = at for x, (B, H, W, 2), by fixed-point iteration."""
        place = at
        for _ in range(6):
            place = at - at_lattice(flow, place).permute(0, 2, 3, 1)
        return place

    def _light(self, size: int, rows: int, cols: int, flows: Tensor, at: Tensor) -> Tensor:
        """Brightness factor of the apex: drifting light, and skin that darkens where it is squeezed."""
        strength = self._normal(size, 1, 1, 1).abs() * 0.02
        field = F.interpolate(self._normal(size, 1, 4, 4), size=(rows, cols), mode="bicubic")
        light = 1 + strength * (0.6 * field + self._normal(size, 1, 1, 1))
        moved = flows[:, 0] - flows[:, 3]
        across = F.pad(moved[:, :1, :, 2:] - moved[:, :1, :, :-2], (1, 1, 0, 0))
        down = F.pad(moved[:, 1:, 2:] - moved[:, 1:, :-2], (0, 0, 1, 1))
        squeeze = (across + down) / (2 * NODE)
        amount = (0.8 + 0.8 * self._normal(size)) * self._chance(0.4, size)
        shade = (amount[:, None, None, None] * squeeze).clamp(-0.08, 0.08)
        return light * (1 + at_lattice(shade, at))

    def _told(
        self,
        who: Tensor,
        onset: Tensor,
        apex: Tensor,
        flows: Tensor,
        label: Tensor,
        to_crop: Tensor,
        origin: Tensor,
    ) -> TrainingPairs:
        """Join the pictures with the truth and with what the estimator is told of the face."""
        size = len(who)
        at = affine(to_crop, pixels(CROP_HEIGHT // 2, CROP_WIDTH // 2, 2, self.device))
        linear = torch.linalg.inv(to_crop[:, :, :2])
        facial, head = by_label(flows, label, at), at_lattice(flows[:, 3], at)
        facial, head = (torch.einsum("bij,bjhw->bihw", linear, f) for f in (facial, head))
        face = self.portraits.face[who].float()
        on_face = read(face, at, "nearest")[:, 0] > 0.5
        known = ((at + MARGIN > 1) & (at + MARGIN < torch.tensor([462.0, 542.0], device=self.device))).all(-1)
        cells = affine(to_crop, pixels(CROP_HEIGHT // 4, CROP_WIDTH // 4, 4, self.device))
        scale = torch.linalg.det(to_crop[:, :, :2]).sqrt()[:, None, None, None]
        depth = at_lattice(self.portraits.depth[who], cells) / scale
        slant = F.interpolate(self._normal(size, 1, 5, 4), size=depth.shape[-2:], mode="bicubic")
        depth = depth * (1 + 0.1 * self._normal(size, 1, 1, 1)) + 3.0 * slant
        told = read(face, cells)
        pairs = TrainingPairs(onset, apex, depth, told, facial, head, on_face, known, origin)
        return half_mirrored(pairs)


@dataclass(slots=True)
class _Frame:
    """The camera's frame: affine maps (B, 2, 3) from the crop's px to it and back; its px (1, H, W, 2)."""

    exact: bool
    rows: int
    cols: int
    from_chart: Tensor
    to_chart: Tensor
    pixels: Tensor
