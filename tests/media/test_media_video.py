"""Video: frame numbers, exact times, random access, rotation, colour."""

import subprocess
import sys
import weakref
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_samples import coded_picture, number_in, set_display_matrix, write_video

from mellm.errors import InputError
from mellm.media import Limits, open_media, parse_fps

COUNT = 40


def pictures(count: int = COUNT, **size: int) -> list[np.ndarray]:
    return [coded_picture(number, **size) for number in range(count)]


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), 25, 200, 500])
def test_frame_numbers_times_and_rate_are_exact(tmp_path: Path, rate: Fraction | int) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures(), rate=rate, options={"bf": "3", "g": "12"})
    with open_media(path) as media:
        frames = list(media.frames())
        assert media.info.kind == "video"
        assert media.info.fps == rate
        assert media.info.frames == COUNT
        assert media.info.duration == pytest.approx(float(COUNT / rate))
        assert not media.info.variable_rate
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert [number_in(frame.image) for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == [float(index / Fraction(rate)) for index in range(COUNT)]
    assert frames[0].image.shape == (112, 192, 3)
    assert frames[0].image.dtype == np.uint8


def test_variable_rate_times_count_from_the_first_frame(tmp_path: Path) -> None:
    stamps = [900, 933, 1000, 1004, 1500, 1533, 2600]
    base = Fraction(1, 1000)
    path = write_video(
        tmp_path / "phone.mp4", pictures(7), stamps=stamps, time_base=base, options={"bf": "2"}
    )
    with open_media(path) as media:
        frames = list(media.frames())
        assert media.info.variable_rate
    assert [number_in(frame.image) for frame in frames] == list(range(7))
    assert [frame.time for frame in frames] == pytest.approx([(s - 900) / 1000 for s in stamps], abs=1e-4)


def test_matroska_keeps_its_millisecond_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", pictures(), rate=Fraction(30000, 1001), options={"bf": "3"})
    with open_media(path) as media:
        times = [frame.time for frame in media.frames()]
        assert media.info.fps == Fraction(30000, 1001)
        assert not media.info.variable_rate
    assert times == pytest.approx([index * 1001 / 30000 for index in range(COUNT)], abs=0.00051)


def test_avi_with_b_frames_is_in_order_and_evenly_spaced(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", pictures(), options={"bf": "3", "g": "12"})
    with open_media(path) as media:
        frames = list(media.frames())
        assert media.warnings == []
    assert [number_in(frame.image) for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == [index / 30 for index in range(COUNT)]


def test_stream_without_time_stamps_says_which_rate_is_assumed(tmp_path: Path) -> None:
    path = write_video(tmp_path / "raw.h264", pictures(), rate=50, options={"bf": "3", "g": "12"})
    with open_media(path) as media:
        assert "25 frames per second are assumed" in str(media.warnings[0])
        frames = list(media.frames())
        assert [frame.time for frame in frames] == [index / 25 for index in range(COUNT)]
    with open_media(path, fps=50) as media:
        assert media.warnings == []
        assert [frame.time for frame in media.frames()] == [index / 50 for index in range(COUNT)]
    assert [number_in(frame.image) for frame in frames] == list(range(COUNT))


CONTAINERS = {
    "bframes.mp4": {"options": {"bf": "3", "g": "12"}},
    "open_gop.mp4": {"options": {"bf": "3", "g": "10", "x264-params": "open-gop=1"}},
    "fragments.mp4": {"options": {"g": "9"}, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "clip.mkv": {"options": {"bf": "3", "g": "12"}},
    "clip.ts": {"options": {"bf": "3", "g": "12"}},
    "refresh.ts": {"options": {"x264-params": "intra-refresh=1:keyint=10"}},
    "mpeg1.mpg": {"rate": 25, "codec": "mpeg1video", "options": {"bf": "2", "g": "9"}},
    "motion.avi": {"rate": 200, "codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "clip.webm": {"codec": "libvpx-vp9", "options": {"g": "10", "deadline": "realtime", "cpu-used": "8"}},
    "ten_bit.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "ten_bit.mkv": {
        "codec": "libx265",
        "pix_fmt": "yuv420p10le",
        "options": {"x265-params": "log-level=none:keyint=10:open-gop=1"},
    },
    "lossless.y4m": {"codec": "wrapped_avframe"},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_random_access_agrees_with_sequential_decoding(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, pictures(), **CONTAINERS[name])
    order = [31, 3, 39, 12, 24, 23, 0]
    with open_media(path) as media:
        before = {index: media.read([index])[index] for index in order}
        sequential = list(media.frames())
        together = media.read(order)
        after = {index: media.read([index])[index] for index in order}
        tail = list(media.frames(27, 33))
    assert [number_in(frame.image) for frame in sequential] == list(range(COUNT))
    for index in order:
        for found in (before[index], together[index], after[index]):
            assert (found.index, found.time) == (index, sequential[index].time)
            np.testing.assert_array_equal(found.image, sequential[index].image)
    assert [frame.index for frame in tail] == list(range(27, 33))
    for frame in tail:
        np.testing.assert_array_equal(frame.image, sequential[frame.index].image)


def test_seeking_decodes_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mellm.media import video

    path = write_video(tmp_path / "clip.mp4", pictures(), options={"g": "10"})
    decoded = 0
    original = video._pictures

    def counting(*arguments: object) -> object:
        nonlocal decoded
        for picture in original(*arguments):  # type: ignore[arg-type]
            decoded += 1
            yield picture

    with open_media(path) as media:
        list(media.frames())
        monkeypatch.setattr(video, "_pictures", counting)
        assert number_in(media.read([35])[35].image) == 35
    assert decoded < 15


def test_indices_past_the_end_are_missing_not_an_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures(5))
    with open_media(path) as media:
        assert list(media.read([2, 5, 99, -1])) == [2]
        assert media.read([]) == {}
        assert [frame.index for frame in media.frames(3, 99)] == [3, 4]
        assert list(media.frames(7)) == []


def test_very_large_files_are_described_by_their_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mellm.media import packets

    path = write_video(tmp_path / "clip.mp4", pictures(), rate=200, options={"bf": "3", "g": "12"})
    monkeypatch.setattr(packets, "_SCAN_BYTES", 0)
    with open_media(path) as media:
        assert (media.info.frames, media.info.fps, media.info.duration) == (COUNT, 200, COUNT / 200)
        frames = list(media.frames())
        assert [frame.time for frame in frames] == [index / 200 for index in range(COUNT)]
        np.testing.assert_array_equal(media.read([30])[30].image, frames[30].image)
        assert media.warnings == []


def test_iterations_are_independent_and_end_on_close(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures(12))
    with open_media(path) as media:
        first, second = media.frames(), media.frames()
        assert [next(first).index, next(first).index, next(second).index] == [0, 1, 0]
        assert sum(1 for _ in first) == 10
    assert list(second) == []
    assert list(media.frames()) == []


def test_frames_are_streamed_not_kept(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures())
    kept = []
    with open_media(path) as media:
        for frame in media.frames():
            kept.append(weakref.ref(frame.image))
            del frame
            assert sum(reference() is not None for reference in kept) <= 2


# The track header's (a, b, c, d), the clockwise turn it asks for, and the same turn by NumPy.
ROTATIONS = {
    "upright": ((1, 0, 0, 1), 0, lambda image: image),
    "quarter": ((0, 1, -1, 0), 90, lambda image: np.rot90(image, -1)),
    "half": ((-1, 0, 0, -1), 180, lambda image: np.rot90(image, 2)),
    "three_quarters": ((0, -1, 1, 0), 270, lambda image: np.rot90(image, 1)),
    "mirrored": ((-1, 0, 0, 1), 0, lambda image: image[:, ::-1]),
    "mirrored_quarter": ((0, 1, 1, 0), 270, lambda image: image.transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", ROTATIONS)
def test_rotation_metadata_is_honoured(tmp_path: Path, name: str) -> None:
    matrix, degrees, turn = ROTATIONS[name]
    path = write_video(tmp_path / "phone.mp4", pictures(3))
    with open_media(path) as media:
        stored = next(media.frames()).image
    set_display_matrix(path, matrix)
    with open_media(path) as media:
        upright = next(media.frames()).image
        info = media.info
    assert (info.width, info.height) == ((192, 112) if degrees % 180 == 0 else (112, 192))
    assert info.rotation == degrees
    assert upright.flags.c_contiguous
    np.testing.assert_array_equal(upright, turn(stored))


@pytest.mark.parametrize(
    ("name", "colour", "space", "colour_range"),
    [
        ("HD", (63, 102, 240), 1, 1),
        ("SD", (81, 90, 240), 5, 1),
        ("HD full range", (54, 99, 255), 1, 2),
        ("SD full range", (76, 85, 255), 5, 2),
        ("not stated: as SD", (81, 90, 240), 2, 0),
    ],
)
def test_colour_matrix_and_range_of_the_stream_are_used(
    tmp_path: Path, name: str, colour: tuple[int, int, int], space: int, colour_range: int
) -> None:
    """Pure red by ITU-R BT.709 or BT.601 must come out as pure red."""
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = space, colour_range
        planes = np.repeat(np.array(colour, np.uint8), [64 * 64, 32 * 32, 32 * 32]).reshape(96, 64)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.colorspace, frame.color_range = 0, space, colour_range
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with open_media(path) as media:
        red = next(media.frames()).image[32, 32]
    assert np.abs(red.astype(int) - (255, 0, 0)).max() <= 3, name


def test_transparent_video_lies_over_mid_grey(tmp_path: Path) -> None:
    rgba = np.zeros((64, 96, 4), np.uint8)
    rgba[:, :48] = (255, 0, 0, 255)
    rgba[:, 48:] = (0, 255, 0, 0)
    path = write_video(tmp_path / "a.mov", [rgba] * 2, codec="prores_ks", pix_fmt="yuva444p10le")
    with open_media(path) as media:
        image = next(media.frames()).image
    assert np.abs(image[32, 20].astype(int) - (255, 0, 0)).max() <= 4
    assert np.abs(image[32, 80].astype(int) - 128).max() <= 2


def test_odd_sizes_and_one_frame_clips(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "one.mkv", pictures(1, width=175, height=97), codec="ffv1", pix_fmt="yuv444p"
    )
    with open_media(path) as media:
        frames = list(media.frames())
        assert media.info.frames == 1
    assert [(frame.index, frame.time, frame.image.shape) for frame in frames] == [(0, 0.0, (97, 175, 3))]


def test_a_change_of_size_is_scaled_to_the_first_and_reported(tmp_path: Path) -> None:
    large = write_video(tmp_path / "a.h264", pictures(5))
    small = write_video(tmp_path / "b.h264", pictures(5, width=176, height=96))
    path = tmp_path / "joined.h264"
    path.write_bytes(large.read_bytes() + small.read_bytes())
    with open_media(path, fps=25) as media:
        shapes = [frame.image.shape for frame in media.frames()]
        assert len(media.warnings) == 1
        assert "size changes" in str(media.warnings[0])
    assert shapes == [(112, 192, 3)] * 10


@pytest.mark.parametrize(
    ("given", "exact"),
    [
        (29.97, Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (200, Fraction(200)),
        (200.0, Fraction(200)),
        (12.5, Fraction(25, 2)),
        ("99.5", Fraction(199, 2)),
    ],
)
def test_given_rates_are_exact(given: float | str, exact: Fraction) -> None:
    assert parse_fps(given) == exact


@pytest.mark.parametrize("given", [0, -25, "fast", "nan", float("inf"), "1/0", 1e12])
def test_senseless_rates_are_refused(given: float | str) -> None:
    with pytest.raises(InputError, match="frame rate"):
        parse_fps(given)


def test_given_rate_replaces_the_times_of_the_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "slow_motion.mp4", pictures(), rate=30)
    with open_media(path, fps=200) as media:
        assert media.info.fps == 200
        assert media.info.duration == COUNT / 200
        assert [frame.time for frame in media.frames(3, 5)] == [3 / 200, 4 / 200]


@pytest.mark.parametrize(
    "name", ["Vidéo 表 1.mp4", "concat:a|b.mp4", "http:clip.mp4", "img%03d.mp4", "-i.mp4"]
)
def test_any_file_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_video(tmp_path / name, pictures(3))
    monkeypatch.chdir(tmp_path)
    with open_media(name) as media:
        assert [number_in(frame.image) for frame in media.frames()] == [0, 1, 2]


def test_sound_beside_the_video_is_ignored_and_sound_alone_is_refused(tmp_path: Path) -> None:
    samples = np.zeros((1, 1024), np.float32)

    def write(path: Path, count: int) -> Path:
        with av.open(str(path), "w") as container:
            video = container.add_stream("libx264", rate=25) if count else None
            audio = container.add_stream("aac", rate=16000, layout="mono")
            for number in range(count):
                assert video is not None
                if number == 0:
                    video.width, video.height, video.pix_fmt = 192, 112, "yuv420p"
                frame = av.VideoFrame.from_ndarray(coded_picture(number), format="rgb24")
                container.mux(video.encode(frame))
            for number in range(60):
                block = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
                block.sample_rate, block.pts = 16000, number * 1024
                container.mux(audio.encode(block))
            container.mux(audio.encode())
            if video is not None:
                container.mux(video.encode())
        return path

    with open_media(write(tmp_path / "talk.mp4", 10)) as media:
        assert [number_in(frame.image) for frame in media.frames()] == list(range(10))
        assert media.warnings == []
    with pytest.raises(InputError, match="holds no video"):
        open_media(write(tmp_path / "talk.m4a", 0))


def test_length_limits_are_checked_before_decoding(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures())
    with pytest.raises(InputError, match="40 frames, more than the limit of 39"):
        open_media(path, limits=Limits(max_frames=39))
    with pytest.raises(InputError, match="lasts"):
        open_media(path, limits=Limits(max_duration=1.0))
    with pytest.raises(InputError, match="192x112 pixels"):
        open_media(path, limits=Limits(max_pixels=192 * 112 - 1))
    with pytest.raises(InputError, match="GB"):
        open_media(path, limits=Limits(max_bytes=100))


def test_hash_is_the_file_s(tmp_path: Path) -> None:
    import hashlib

    path = write_video(tmp_path / "clip.mp4", pictures(3))
    with open_media(path) as media:
        assert media.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_importing_the_stage_loads_no_decoder() -> None:
    code = "import sys, mellm.media; print([name for name in ('av', 'cv2') if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
