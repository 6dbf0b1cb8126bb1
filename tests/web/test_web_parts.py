"""Parts of long results, sound and video, and what the API says of itself."""

import io
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from web_client import Client, client_of

from long_report import FPS, long_report, store_long_report
from mellm.face import find_faces
from mellm.flow import create
from mellm.media import open_media
from mellm.media.frame import Image
from mellm.render.magnified_video import magnified_frames, write_webm
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.moment_rows import curves_of
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from mellm.web.sound import has_sound, write_sound

MINUTES, MOMENTS = 3, 40


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, str]]:
    store = tmp_path_factory.mktemp("long")
    job = store_long_report(store, MINUTES, MOMENTS)
    options = ServerOptions(store=store, port=0, workers=0, token="secret-token")
    with serving(options) as address, client_of(address.partition("?")[0]) as client:
        client.headers["authorization"] = "Bearer secret-token"
        yield client, job


def root(client: Client) -> str:
    """The server's address."""
    return str(client.base_url).removesuffix("api/v1/")


def test_a_long_result_comes_in_parts(long: tuple[Client, str]) -> None:
    client, job = long
    rows = client.get(f"jobs/{job}/summary").json()
    assert [row["number"] for row in rows["moments"]] == list(range(1, MOMENTS + 1))
    assert rows["source"]["frame_times"] == [] and "traces" not in rows
    whole = client.get(f"jobs/{job}/report")
    assert len(client.get(f"jobs/{job}/summary").content) < len(whole.content) / 10
    some = client.get(f"jobs/{job}/moments", params={"first": 39, "count": 5}).json()
    assert [me["number"] for me in some["moments"]] == [39, 40] and some["total"] == MOMENTS
    assert client.get(f"jobs/{job}/moments/7").json() == whole.json()["micro_expressions"][6]
    assert client.get(f"jobs/{job}/moments/41").status_code == 404
    frames = client.get(f"jobs/{job}/frames", params={"compact": True}).json()
    assert frames["count"] == MINUTES * 60 * FPS and frames["times"] == [] and frames["sound"] is False
    assert len(client.get(f"jobs/{job}/frames").json()["times"]) == frames["count"]


def test_curves_keep_their_peaks_at_every_zoom() -> None:
    trace = long_report(3000, 5).traces[0]
    trace.areas["brows"][1234] = 9.0
    trace.areas["brows"][100:110] = [None] * 10
    wide = curves_of(trace, 0, 2999, 100)
    assert wide.step == 30 and len(wide.frames) == 100
    assert wide.areas["brows"].high[1234 // 30] == 9.0
    near = curves_of(trace, 100, 119, 100)
    assert near.step == 1 and near.frames == list(range(100, 120))
    assert near.areas["brows"].low[:10] == [None] * 10 and near.areas["brows"].low[10] is not None
    assert near.areas["eyes"].high == trace.areas["eyes"][100:120]


def test_a_step_in_a_long_clip_reads_no_report(long: tuple[Client, str]) -> None:
    """Frames, rows and curves of a result that was looked at come from memory: many of them in a moment."""
    client, job = long
    client.get(f"jobs/{job}/summary")
    begun = time.process_time()
    for number in range(1, 31):
        assert client.get(f"jobs/{job}/moments/{number}").status_code == 200
    # Reading this report thirty times takes several times as long.
    assert time.process_time() - begun < 10


def test_the_file_comes_back_in_parts(long: tuple[Client, str]) -> None:
    client, job = long
    whole = client.get(f"jobs/{job}/media")
    assert whole.headers["content-type"] == "application/octet-stream"
    assert "attachment" in whole.headers["content-disposition"]
    part = client.get(f"jobs/{job}/media", headers={"range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]
    assert client.get(f"jobs/{job}/sound").status_code == 404
    assert client.get(f"jobs/{job}/faces").status_code == 404


def test_the_api_describes_itself(long: tuple[Client, str]) -> None:
    client, _ = long
    document = client.get("openapi.json").json()
    assert {"http", "apiKey"} == {one["type"] for one in document["components"]["securitySchemes"].values()}
    assert document["security"]
    page = client.get(root(client) + "docs")
    assert page.status_code == 200 and "script" not in page.text.lower()
    for path in document["paths"]:
        assert path in page.text
    assert client.get(root(client) + "static/api.css").status_code == 200


def test_health_asks_for_no_token(long: tuple[Client, str]) -> None:
    client, job = long
    del client.headers["authorization"]
    try:
        health = client.get("health")
        assert health.status_code == 200 and health.json()["status"] == "ok"
        assert client.get(f"jobs/{job}").status_code == 401
    finally:
        client.headers["authorization"] = "Bearer secret-token"


def test_an_unknown_clip_is_a_page_for_people_and_a_sentence_for_programs(long: tuple[Client, str]) -> None:
    client, job = long
    page = {"accept": "text/html"}
    assert client.get(f"{root(client)}clips/{job}", headers=page).status_code == 200
    for path in (f"clips/{'0' * 20}", "nowhere"):
        answer = client.get(root(client) + path, headers=page)
        assert answer.status_code == 404 and answer.text.startswith("<!doctype html>")
    assert client.get(f"{root(client)}clips/{'0' * 20}").json()["error"]
    assert client.get("jobs/none", headers=page).json()["error"]


def test_sound_begins_with_the_first_frame(tmp_path: Path) -> None:
    """A click 0.5 s after the first picture is 0.5 s into the sound, wherever the file's clock begins."""
    clip, sound = tmp_path / "clip.mkv", tmp_path / "sound.ogg"
    rate = 48_000
    with av.open(str(clip), "w") as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = out.add_stream("pcm_s16le", rate=rate)
        audio.codec_context.layout = "mono"
        late = Fraction(3, 10)
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number + int(late * 30), Fraction(1, 30)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        samples = np.zeros((1, 2 * rate), np.int16)
        at = int((late + Fraction(1, 2)) * rate)
        samples[0, at : at + 480] = 20_000
        piece = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = rate, 0, Fraction(1, rate)
        out.mux(audio.encode(piece))
        out.mux(audio.encode(None))
    assert has_sound(clip)
    write_sound(clip, sound)
    with av.open(str(sound)) as made:
        heard = list(made.decode(audio=0))
    loud = np.concatenate([np.abs(f.to_ndarray().astype(np.float64)).reshape(-1) for f in heard])
    channels = heard[0].layout.nb_channels
    begin = float(heard[0].pts * heard[0].time_base)
    click = begin + int(np.argmax(loud > loud.max() / 2)) / channels / heard[0].sample_rate
    assert click == pytest.approx(0.5, abs=0.03)


def test_a_moment_is_magnified_and_its_onset_is_left_alone(
    smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    event = smile_clip[1].events[0]
    with open_media(smile_clip[0]) as media:
        read = media.read([event.onset, event.apex - 1, event.apex])
    pictures: list[Image] = [frame.image for frame in read.values()]
    points = find_faces(pictures[0])[0].landmarks
    estimator = create("dis")
    plain = magnified_frames(pictures, points, estimator, 1.0)
    large = magnified_frames(pictures, points, estimator, 5.0)
    assert np.array_equal(large[0], pictures[0])
    motion = [
        float(
            np.hypot(*np.moveaxis(estimator.estimate(frames[0], frames[2], points).expression, 2, 0)).mean()
        )
        for frames in (plain, large)
    ]
    assert motion[1] > 2 * motion[0]
    file = tmp_path / "moment.webm"
    write_webm(large, [1.0, 1.04, 1.1], file)
    with av.open(io.BytesIO(file.read_bytes())) as video:
        times = [float(frame.time or 0) for frame in video.decode(video=0)]
    assert times == pytest.approx([0.0, 0.04, 0.1, 0.16], abs=2e-3)
