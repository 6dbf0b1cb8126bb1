"""A camera on tensors: blur, tone, noise, and the two ways pictures are packed. Knows frames only."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from mellm.train.flow.flow_evidence import warp

_LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
"""The luminance table of JPEG (ITU T.81, table K.1)."""


@dataclass(slots=True)
class Film:
    """One camera a pair, all tensors (B, 1, 1, 1).

    blur: sigma, px; read, shot: noise, grey levels, sigma^2 = read^2 + shot^2 * level / 255
    grain: share of the noise that neighbouring pixels have in common
    gain, gamma: tone; jpeg: factor on the luminance table, 0 for none
    video: quantiser's step of a video's residual, grey levels, 0 for none
    """

    blur: Tensor
    read: Tensor
    shot: Tensor
    grain: Tensor
    gain: Tensor
    gamma: Tensor
    jpeg: Tensor
    video: Tensor

    def take(
        self, onset: Tensor, apex: Tensor, flow: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Photograph two noise-free frames (B, 1, H, W); `flow` (B, 2, H, W) predicts a video's blocks."""
        onset, apex = (self._exposed(f, generator) for f in (onset, apex))
        table = onset.new_tensor(_LUMA).reshape(8, 8)
        packed = [_quantised(f - 128, (self.jpeg * table).clamp(min=1), 0.5) + 128 for f in (onset, apex)]
        onset, apex = (torch.where(self.jpeg > 0, p, f) for p, f in zip(packed, (onset, apex), strict=True))
        flat = self.video.expand(-1, 1, 8, 8).clamp(min=1e-3)
        key = _quantised(onset - 128, flat, 0.4) + 128
        # A P frame: blocks of the onset moved by quarter pixels, and what is left over, coarsely. Half of the
        # blocks' motion is that of 16 px, half is not found at all.
        moved = F.avg_pool2d(flow, 16)
        moved = torch.round(4 * moved) / 4
        moved = F.interpolate(moved, scale_factor=16.0, mode="nearest")
        predicted = warp(key, -moved)
        follow = predicted + _quantised(apex - predicted, flat, 0.33)
        onset, apex = (torch.where(self.video > 0, p, f) for p, f in ((key, onset), (follow, apex)))
        return tuple(torch.round(f.clamp(0, 255)) for f in (onset, apex))  # type: ignore[return-value]

    def _exposed(self, frame: Tensor, generator: torch.Generator) -> Tensor:
        frame = _blurred(frame, self.blur)
        frame = 255 * (frame.clamp(0, 255) / 255 * self.gain).clamp(0, 1) ** self.gamma
        white = torch.randn(frame.shape, generator=generator, device=frame.device)
        soft = F.avg_pool2d(F.pad(white, (1, 1, 1, 1), mode="replicate"), 3, 1) * 2.5
        noise = torch.lerp(white, soft, self.grain)
        sigma = torch.sqrt(self.read**2 + self.shot**2 * frame / 255)
        return torch.round((frame + sigma * noise).clamp(0, 255))


def draw_film(size: int, generator: torch.Generator, device: torch.device) -> Film:
    """Draw `size` cameras: from a laboratory's to a compressed web video's and a phone's in dim light."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(size, 1, 1, 1, generator=generator, device=device)

    def chance(share: float) -> Tensor:
        return (uniform(0, 1) < share).float()

    noisy = torch.exp(uniform(-1.6, 1.9))
    packing = uniform(0, 1)
    quality = uniform(50, 97)
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    return Film(
        blur=uniform(0, 1.0) * chance(0.5),
        read=0.6 * noisy,
        shot=1.0 * noisy,
        grain=uniform(0, 0.8) * chance(0.4),
        gain=torch.exp(uniform(-0.25, 0.2)),
        gamma=torch.exp(uniform(-0.25, 0.25)),
        jpeg=factor * (packing < 0.25),
        video=torch.exp(uniform(0.7, 3.0)) * (packing > 0.7),
    )


def _blurred(frame: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur with a sigma (px, up to 1) of its own for every frame."""
    at = torch.arange(-3, 4, device=frame.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at / sigma.clamp(min=0.05)[:, 0, 0]) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    size = len(frame)
    flat = F.pad(frame, (3, 3, 3, 3), mode="replicate").transpose(0, 1)
    flat = F.conv2d(flat, kernel[:, None, None], groups=size)
    return F.conv2d(flat, kernel[:, None, :, None], groups=size).transpose(0, 1)


def _quantised(picture: Tensor, steps: Tensor, rounding: float) -> Tensor:
    """Pack (B, 1, H, W) in 8x8 blocks of cosines with `steps` (B or 1, 1, 8, 8)."""
    k = torch.arange(8, device=picture.device, dtype=torch.float32)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * torch.pi / 16) * 0.5
    basis[0] *= 0.5**0.5
    rows, cols = (side // 8 for side in picture.shape[-2:])
    blocks = picture.reshape(len(picture), rows, 8, cols, 8).permute(0, 1, 3, 2, 4)
    steps = steps.reshape(len(steps), 1, 1, 8, 8)
    cosines = (basis @ blocks @ basis.T) / steps
    kept = torch.sign(cosines) * torch.floor(cosines.abs() + rounding) * steps
    back = (basis.T @ kept @ basis).permute(0, 1, 3, 2, 4)
    return back.reshape(picture.shape)
