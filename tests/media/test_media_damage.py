"""Damaged, misnamed and unfit files: the frames that decode and a warning, or one sentence, never a crash."""

import random
from pathlib import Path

import pytest
from media_samples import coded_picture, number_in, write_video

from mellm.errors import InputError
from mellm.media import open_media, read_image

COUNT = 40


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clips")
    made = {
        "mp4": {"options": {"bf": "3", "g": "12"}, "container_options": {"movflags": "faststart"}},
        "mkv": {"options": {"bf": "3", "g": "12"}},
        "avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
        "webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
        "gif": {"codec": "gif", "pix_fmt": "rgb8", "rate": 25},
    }
    pictures = [coded_picture(number) for number in range(COUNT)]
    return {
        suffix: write_video(folder / f"clip.{suffix}", pictures, **settings).read_bytes()
        for suffix, settings in made.items()
    }


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "webm"])
def test_a_cut_off_file_gives_its_frames_and_says_how_many(
    tmp_path: Path, clips: dict[str, bytes], suffix: str
) -> None:
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(clips[suffix][: len(clips[suffix]) * 6 // 10])
    with open_media(path) as media:
        numbers = [number_in(frame.image) for frame in media.frames()]
        list(media.frames())
        assert [*map(str, media.warnings)] == [
            f"the last part of the file is damaged: {len(numbers)} of {COUNT} frames could be read"
        ]
    assert 5 < len(numbers) < COUNT
    assert numbers[: len(numbers) // 2] == list(range(len(numbers) // 2))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "webm", "gif"])
@pytest.mark.parametrize("seed", range(12))
def test_random_damage_never_escapes_as_another_error(
    tmp_path: Path, clips: dict[str, bytes], capfd: pytest.CaptureFixture[str], suffix: str, seed: int
) -> None:
    rnd = random.Random(seed)
    data = bytearray(clips[suffix])
    if seed % 3 == 0:
        data = data[: rnd.randrange(1, len(data))]
    elif seed % 3 == 1:
        for _ in range(20):
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
    else:
        start = rnd.randrange(len(data))
        data[start : start + 1500] = bytes(len(data[start : start + 1500]))
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(data)
    try:
        with open_media(path) as media:
            frames = list(media.frames(0, 500))
            middle = media.read([len(frames) // 2])[len(frames) // 2]
    except InputError as error:
        assert path.name in str(error)
    else:
        times = [frame.time for frame in frames]
        assert times == sorted(set(times))
        assert [frame.index for frame in frames] == list(range(len(frames)))
        # Not compared by pixels: how FFmpeg's threads conceal a fault differs a little from run to run.
        assert middle.time == frames[len(frames) // 2].time
    assert capfd.readouterr().err == ""


def test_damage_inside_is_reported(tmp_path: Path, clips: dict[str, bytes]) -> None:
    data = bytearray(clips["mp4"])
    middle = len(data) // 2
    data[middle : middle + 3000] = random.Random(1).randbytes(3000)
    path = tmp_path / "scratched.mp4"
    path.write_bytes(data)
    with open_media(path) as media:
        list(media.frames())
        assert len(media.warnings) == 1
        assert "damaged" in str(media.warnings[0])


def test_the_content_decides_not_the_extension(tmp_path: Path, clips: dict[str, bytes]) -> None:
    for name, suffix, kind in (
        ("a.jpg", "mp4", "video"),
        ("b.mp4", "gif", "animation"),
        ("c", "mkv", "video"),
    ):
        path = tmp_path / name
        path.write_bytes(clips[suffix])
        with open_media(path) as media:
            assert media.info.kind == kind
            assert number_in(media.read([7])[7].image) == 7


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello, this is no video\n" * 300, "holds text"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n", "holds text"),
        (b"ffconcat version 1.0\nfile clip.mp4\n", "holds text"),
        ("Gesichtsausdrücke\n".encode() * 500, "holds text"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC|damaged"),
        (bytes(5000), "cannot be read|not a picture or video"),
        (random.Random(0).randbytes(5000), "not a picture or video"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "not a picture or video|holds no video"),
        (b"\xff\xd8\xff\xe0" + bytes(400), "damaged"),
        (b"GIF89a" + bytes(10), "damaged|not a picture"),
    ],
)
def test_unfit_files_are_named_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    write_video(tmp_path / "clip.mp4", [coded_picture(0)])
    path = tmp_path / "upload.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        open_media(path)
    assert str(caught.value).startswith(path.name)
    assert str(caught.value).endswith(".")


def test_a_playlist_padded_with_binary_is_not_followed(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.ts", [coded_picture(0)], codec="mpeg2video")
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n#\x00\xff\xfe"
    path = tmp_path / "list.m3u8"
    path.write_bytes(playlist)
    with pytest.raises(InputError, match="not a picture or video"):
        open_media(path)


def test_missing_path_and_folder_given_as_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_media(tmp_path / "nothing.mp4")
    with pytest.raises(InputError, match=r"folder|no pictures"):
        read_image(tmp_path)
    with pytest.raises(InputError, match="zero byte"):
        open_media("clip\0.mp4")
    with pytest.raises(InputError, match="cannot be opened"):
        open_media("a" * 5000)
