# %% [markdown]
# # Run a benchmark, step by step
#
# What the guide [Run a benchmark](../guides/run-a-benchmark.md) does, on clips made here so that it runs anywhere. **These figures are no result**: one face, and motion from the generator that also taught the models. They show how to measure. [Benchmarks](../benchmarks.md) has the figures that count.

# %%
import tempfile
from importlib.resources import files
from pathlib import Path

from mellm import Analyzer
from mellm.simulate.generated_clip import ClipEvent, HeadPath, make_clip, write_video
from mellm.simulate.scene import Pose
from mellm.simulate.sensor import Camera

folder = Path(tempfile.mkdtemp())
portrait = str(files("mellm.data") / "portrait.jpg")
planned = {"smile": ("6+12", 2.5), "frown": ("4", 2.0), "left corner": ("L12", 1.5), "nothing": None}
clips = {}
for seed, (name, what) in enumerate(planned.items()):
    events = [ClipEvent(what[0], what[1], 0.8, 0.93, 1.2)] if what else []
    frames, truth = make_clip(
        portrait,
        fps=30.0,
        seconds=2.0,
        events=events,
        head=HeadPath(Pose(yaw=2.0), sway=0.15),
        noise=Camera(read=0.8, shot=1.5, chroma=0.3),
        seed=seed,
        frame=(122.0, 10.0, 0.45),
        size=(480, 480),
    )
    write_video(folder / f"{name}.mp4", frames, truth.fps)
    clips[name] = truth

# %% [markdown]
# ## Spotting
#
# An interval counts as found where it overlaps a true one by half (MEGC 2022). The clip without an expression shows whether there are false alarms.

# %%
from mellm.evaluate.intervals import SpottingScores, overlap

analyzer = Analyzer()
reports = {name: analyzer.analyze(folder / f"{name}.mp4") for name in clips}
scores = SpottingScores()
for name, truth in clips.items():
    true = [(e.onset, e.offset) for e in truth.events]
    found = [(m.interval.onset_frame, m.interval.offset_frame) for m in reports[name].micro_expressions]
    scores.update(true, found)
    print(f"{name:12} true {true} found {found}", *(f"IoU {overlap(t, f):.2f}" for t in true for f in found))
scores.compute()

# %% [markdown]
# ## Action units
#
# Pooled over all clips, as for a real set: true and false positives of each unit are counted first, then F1.

# %%
from mellm.evaluate.classification import UnitScores

units = UnitScores((4, 6, 12))
for name, truth in clips.items():
    true = [f"{unit.au}" for event in truth.events for unit in event.action_units]
    found = [str(u.au) for m in reports[name].micro_expressions for u in m.action_units if u.present]
    print(f"{name:12} true {sorted(set(true))} found {sorted(set(found))}")
    units.update([sorted(set(true))], [sorted(set(found))])
figures = units.compute()
print(f"mean F1 over the units 4, 6 and 12: {figures.macro_f1:.2f}")

# %% [markdown]
# ## On a set of yours
#
# The same figures with intervals, per-sample predictions and settings in one file:
#
# ```sh
# mellm data check casme2 /data/CASME2
# mellm evaluate megc2019 --data DIR --protocol loso --json out.json
# mellm evaluate compare one.json two.json
# ```
