# %% [markdown]
# # Code a video, step by step
#
# What the guide [Code a video](../guides/code-a-video.md) does on the page, in Python. The clip is the demonstration clip: a portrait (NASA, public domain), set into known motion, so that what should be found is known.

# %%
import tempfile
from pathlib import Path

import mellm
from mellm.simulate.generated_clip import demo_clip

folder = Path(tempfile.mkdtemp())
truth = demo_clip(folder / "clip.mp4")
for event in truth.events:
    units = [f"AU {unit.au} {unit.side}" for unit in event.action_units]
    print("put in:", event.onset, event.apex, event.offset, *units)

# %% [markdown]
# ## What was found

# %%
report = mellm.analyze(folder / "clip.mp4")
print(report.verdict)
for moment in report.micro_expressions:
    when = moment.interval
    print(f"frames {when.onset_frame} -> {when.apex_frame} -> {when.offset_frame}", end="   ")
    print(f"{when.onset_time:.2f} to {when.offset_time:.2f} s, confidence {when.confidence:.2f}")

# %% [markdown]
# ## How each region moved
#
# Names of regions are sides of the picture. `u` goes right, `v` goes down, in px of the clip.

# %%
moment = report.micro_expressions[0]
for region in sorted(moment.regions, key=lambda r: -r.mean_px)[:6]:
    print(f"{region.name:26} {region.u_px:+.2f} {region.v_px:+.2f} px   {region.octant}")
print(f"head motion taken out: {moment.head_motion_px:.2f} px")

# %% [markdown]
# ## Which action units, and why
#
# Sides of action units are the subject's. Each names the regions that it rests on.

# %%
for unit in moment.action_units:
    if unit.present:
        print(f"{unit.code:6} {unit.name:24} {unit.probability:.2f}   {', '.join(unit.evidence[:3])}")
print(moment.reading.reasoning)

# %% [markdown]
# ## The pictures of the report
#
# `save` writes report.json, report.html, tables and pictures. One of them:

# %%
from IPython.display import Image

out = report.save(folder / "report").parent
print(*sorted(path.name for path in out.iterdir()))
Image(filename=next(iter(sorted(out.rglob("*regions*.png")))), alt="The face with its regions and arrows")

# %% [markdown]
# ## Other programs
#
# `mellm export FOLDER --to eaf` does this for ELAN; the tables open in any spreadsheet.

# %%
print((out / "mes.csv").read_text(encoding="utf-8").splitlines()[0][:110])
