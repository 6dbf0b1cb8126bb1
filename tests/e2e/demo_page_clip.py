"""Writes the demonstration clip that the start page offers, small enough to ship.

    PYTHONPATH=src python tests/e2e/demo_page_clip.py src/mellm/web/page/demo.mp4

The clip is `mellm demo`'s (a generated one, of the shipped portrait); only the encoder differs.
"""

import sys
import tempfile
from pathlib import Path

import av

from mellm.simulate.generated_clip import demo_clip


def main() -> None:
    """Make the clip, then encode it with more patience."""
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "demo.mp4"
        demo_clip(made)
        with (
            av.open(str(made)) as source,
            av.open(sys.argv[1], "w", options={"movflags": "+faststart"}) as out,
        ):
            stream = out.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 480, 480, "yuv420p"
            stream.options = {"crf": "18", "preset": "veryslow", "tune": "grain"}
            for frame in source.decode(video=0):
                out.mux(stream.encode(frame.reformat(format="yuv420p")))
            out.mux(stream.encode(None))
    print(f"{sys.argv[1]}  {Path(sys.argv[1]).stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
