"""What a camera does to a pair of frames: light, blur, noise, compression, grey, something in the way.

Blur, colour and compression are drawn once for both frames, so neither is sharper than the other; noise
and the small change of light are drawn for each frame. Moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.cubic import read_picture
from mellm.flow.field import FlowField
from mellm.media.frame import Image


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera's settings, shared by the frames of a pair or clip.

    blur: Gaussian sigma, px
    read, shot: noise in grey levels: sigma^2 = read^2 + shot^2 * level / 255
    chroma: share of the noise that differs between the colour channels
    grain: spatial sigma of the noise, px (0: white)
    gain, gamma: brightness
    jpeg: quality, or None
    grey: no colour
    crf: H.264 rate factor of the video the frames come from, or None; see `film`
    scale: pixels of the camera to one of the frame; below 1 the face was smaller and was enlarged afterwards
    """

    blur: float = 0.0
    read: float = 1.0
    shot: float = 1.5
    chroma: float = 0.3
    grain: float = 0.0
    gain: float = 1.0
    gamma: float = 1.0
    jpeg: int | None = None
    grey: bool = False
    crf: int | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class CameraKind:
    """What cameras of one kind have in common: ranges that a camera's settings are drawn from.

    share: how often the kind is drawn
    noise: grey levels at white, drawn log-uniformly; scale: see `Camera`
    grain, blurred: how often there is any; packing: how often single frames (JPEG) and videos (H.264) are
    compressed; jpeg, crf: how much
    """

    share: float
    noise: tuple[float, float]
    scale: tuple[float, float]
    grain: float
    blurred: float
    packing: tuple[float, float]
    jpeg: tuple[int, int]
    crf: tuple[int, int]


CAMERAS = {
    "laboratory": CameraKind(0.40, (0.4, 1.8), (0.65, 1.0), 0.3, 0.3, (0.4, 0.2), (88, 98), (10, 18)),
    "phone": CameraKind(0.35, (0.7, 4.0), (0.55, 1.0), 0.5, 0.5, (0.15, 0.45), (60, 96), (17, 27)),
    "dim": CameraKind(0.25, (3.0, 12.0), (0.45, 0.8), 0.4, 0.5, (0.2, 0.2), (70, 96), (16, 24)),
}
"""Kinds of cameras: a laboratory's with bright light, a phone or web camera, a fast camera in dim light."""


def draw_camera(rng: np.random.Generator, kind: str | None = None) -> Camera:
    """Draw a camera of a kind of `CAMERAS` (default: any, by their shares)."""
    if kind is None:
        kind = list(CAMERAS)[int(rng.choice(len(CAMERAS), p=[k.share for k in CAMERAS.values()]))]
    drawn = CAMERAS[kind]
    noisy = float(np.exp(rng.uniform(*np.log(drawn.noise))))
    single, video = drawn.packing
    packing = rng.random()
    return Camera(
        blur=float(rng.uniform(0.0, 0.9)) if rng.random() < drawn.blurred else 0.0,
        read=0.6 * noisy,
        shot=1.0 * noisy,
        chroma=float(rng.uniform(0.1, 0.6)),
        grain=float(rng.uniform(0.4, 1.0)) if rng.random() < drawn.grain else 0.0,
        gain=float(np.exp(rng.normal(0, 0.12))),
        gamma=float(np.exp(rng.normal(0, 0.12))),
        jpeg=int(rng.integers(*drawn.jpeg)) if packing < single else None,
        grey=bool(rng.random() < 0.15),
        crf=int(rng.integers(*drawn.crf)) if packing > 1 - video else None,
        scale=float(rng.uniform(*drawn.scale)) if rng.random() < 0.7 else 1.0,
    )


def light_field(size: tuple[int, int], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a slowly varying brightness factor, float32 (H, W, 1), about 1 with spread `strength`."""
    w, h = size
    coarse = rng.standard_normal((4, 4)).astype(np.float32)
    field = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    level = float(rng.standard_normal())
    return np.asarray(1 + strength * (0.6 * field + level), np.float32)[..., None]


def shading(expression: FlowField, strength: float) -> NDArray[np.float32]:
    """Return the brightness factor of skin that is stretched or squeezed, float32 (H, W, 1).

    Skin that is pushed together folds and darkens (`strength` > 0); the factor follows the divergence of the
    expression's flow, px, and stays within 8 %.
    """
    smooth = cv2.GaussianBlur(expression, (0, 0), 0.01 * expression.shape[1])
    divergence = np.gradient(smooth[..., 0], axis=1) + np.gradient(smooth[..., 1], axis=0)
    return np.asarray(1 + np.clip(strength * divergence, -0.08, 0.08), np.float32)[..., None]


def photograph(
    image: Image, camera: Camera, rng: np.random.Generator, light: NDArray[np.float32] | None = None
) -> Image:
    """Take a noise-free picture, uint8 (H, W, 3), through the camera. `light` multiplies the scene.

    What the frame's video adds comes last, by `film`.
    """
    return enlarged(_taken(image, camera, rng, light), (image.shape[1], image.shape[0]))


def photograph_pair(
    frames: Sequence[Image],
    camera: Camera,
    rng: np.random.Generator,
    lights: Sequence[NDArray[np.float32] | None],
) -> list[Image]:
    """Take frames, uint8 (H, W, 3), with the light of each, through one camera and into its video."""
    size = (frames[0].shape[1], frames[0].shape[0])
    taken = [_taken(frame, camera, rng, light) for frame, light in zip(frames, lights, strict=True)]
    height, width = taken[0].shape[:2]
    if camera.crf is not None and width % 2 == height % 2 == 0:
        taken = film(taken, camera.crf)
    return [enlarged(frame, size) for frame in taken]


def enlarged(image: Image, size: tuple[int, int]) -> Image:
    """Bring a picture, uint8 (h, w, 3), to `size` (width, height), as the frame of a face is cut."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    x, y = ((np.arange(n) + 0.5) * k / n - 0.5 for n, k in zip(size, (width, height), strict=True))
    at = np.stack(np.meshgrid(x, y), -1).astype(np.float32)
    read = np.rint(read_picture(image.astype(np.float32), at))
    return np.asarray(np.clip(read, 0, 255), np.uint8)


def _taken(
    image: Image, camera: Camera, rng: np.random.Generator, light: NDArray[np.float32] | None
) -> Image:
    """The picture on the camera's own pixels, of even size where they are fewer than the frame's."""
    picture = image.astype(np.float32)
    if camera.blur > 0:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), camera.blur), np.float32)
    if light is not None:
        picture *= light
    if camera.scale < 1:
        size = tuple(2 * max(8, round(n * camera.scale / 2)) for n in (image.shape[1], image.shape[0]))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    if camera.gain != 1.0 or camera.gamma != 1.0:
        picture = 255 * np.power(np.clip(picture * (camera.gain / 255), 0, 1), np.float32(camera.gamma))
    if camera.grey:
        picture[:] = picture @ np.array([0.299, 0.587, 0.114], np.float32)[:, None]
    if camera.read > 0 or camera.shot > 0:
        _add_noise(picture, camera, rng)
    taken: Image = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    if camera.jpeg is not None:
        _, packed = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])
        taken = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return taken


def _add_noise(picture: NDArray[np.float32], camera: Camera, rng: np.random.Generator) -> None:
    """Add shot and read noise in place; grey pictures get the same noise in all channels.

    Colour noise has half the resolution, as after the demosaicing of a colour filter array.
    """
    h, w, _ = picture.shape
    noise = rng.standard_normal((h, w, 1), np.float32)
    if camera.chroma > 0 and not camera.grey:
        coarse = rng.standard_normal((-(-h // 2), -(-w // 2), 3), np.float32)
        colour = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_NEAREST)
        noise = np.sqrt(1 - camera.chroma**2) * noise + np.float32(camera.chroma) * colour
    if camera.grain > 0:
        soft = cv2.GaussianBlur(noise, (0, 0), camera.grain)
        soft = soft.reshape(noise.shape)
        noise = soft * (float(noise.std()) / max(float(soft.std()), 1e-6))
    level = np.clip(picture, 0, 255)
    sigma = np.sqrt(camera.read**2 + camera.shot**2 * level / 255)
    picture += sigma * noise


FAINT_CRF = 19
"""The strongest compression under which predicted frames still carry faint motion."""


def film(frames: Sequence[Image], crf: int) -> list[Image]:
    """Pass frames, uint8 (H, W, 3) of even size, through H.264.

    Up to `FAINT_CRF` the later frames are predicted from the first; above, where prediction would swallow
    motion of a fraction of a pixel, every frame is coded by itself.
    """
    height, width = frames[0].shape[:2]
    writer: Any = av.CodecContext.create("libx264", "w")
    writer.width, writer.height, writer.pix_fmt = width, height, "yuv420p"
    writer.time_base, writer.thread_count = Fraction(1, 30), 1
    writer.options = {"crf": str(crf), "preset": "superfast", "bf": "0", "sc_threshold": "0"}
    if crf > FAINT_CRF:
        writer.options |= {"g": "1"}
    packets = []
    for time, frame in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        picture.pts = time
        packets += writer.encode(picture)
    packets += writer.encode(None)
    reader: Any = av.CodecContext.create("h264", "r")
    reader.thread_count = 1
    decoded = [f for packet in (*packets, None) for f in reader.decode(packet)]
    return [np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in decoded]


@dataclass(frozen=True, slots=True)
class Occluder:
    """Something before the face: a soft-edged ellipse of one colour with grain, float32 alpha (H, W)."""

    alpha: NDArray[np.float32]
    colour: NDArray[np.float32]

    def cover(self, image: Image) -> Image:
        """Return the picture with the occluder in front."""
        a = self.alpha[..., None]
        return np.asarray(np.round(image * (1 - a) + self.colour * a), np.uint8)


def draw_occluder(size: tuple[int, int], rng: np.random.Generator) -> Occluder:
    """Draw an occluder somewhere in the frame: a finger, a strand, a microphone, a frame of glasses."""
    w, h = size
    mask = np.zeros((h, w), np.float32)
    centre = (int(rng.integers(0, w)), int(rng.integers(0, h)))
    axes = (int(rng.uniform(0.02, 0.12) * w), int(rng.uniform(0.06, 0.4) * w))
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    alpha = cv2.GaussianBlur(mask, (0, 0), 1.0)
    texture = cv2.resize(rng.standard_normal((h // 16, w // 16, 3)).astype(np.float32), (w, h))
    colour = np.clip(rng.uniform(20, 220, 3).astype(np.float32) + 18 * texture, 0, 255)
    return Occluder(np.asarray(alpha, np.float32), np.asarray(colour, np.float32))
