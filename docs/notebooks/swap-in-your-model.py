# %% [markdown]
# # Swap in your model, step by step
#
# What the guide [Swap in your model](../guides/swap-in-your-model.md) does, in one page: a flow estimator of your own, compared with what ships, then used.
#
# ## An estimator
#
# Anything with a `name` and an `estimate` is one. This one lets OpenCV's DIS look at pictures of half the size.

# %%
import cv2
import numpy as np

from mellm.flow import Flow, compensate, create, register


class HalfSize:
    """DIS at half size, made large again."""

    name = "half-size"

    def estimate(self, onset, apex, landmarks=None):
        height, width = onset.shape[:2]
        small = [
            cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (width // 2, height // 2)) for p in (onset, apex)
        ]
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        facial = 2 * cv2.resize(dis.calc(small[0], small[1], None), (width, height))
        method = "mesh-rigid" if landmarks is not None else "similarity"
        head, motion, warnings = compensate(facial, landmarks, method)
        return Flow(facial, head, self.name, method, warnings, motion)


register("half-size", HalfSize)

# %% [markdown]
# ## Measure before you believe
#
# Pairs whose motion is known, made from the portrait that ships. **These figures are no result**: one small face whose motion is a fraction of a pixel, so that saying nothing is hard to beat, and motion from the generator that taught MEFlowNet. `mellm flow bench --origins all` measures origin by origin.

# %%
import tempfile
from importlib.resources import files
from pathlib import Path

from mellm.evaluate.flow_error import EndPointError
from mellm.simulate.gallery import Gallery
from mellm.simulate.origins import read_origins
from mellm.simulate.photo_pairs import PairConfig, PhotoSource

folder = Path(tempfile.mkdtemp())
(folder / "portrait.jpg").write_bytes((files("mellm.data") / "portrait.jpg").read_bytes())
gallery = Gallery(folder, smallest=60.0, cache=folder / "meshes")
source = PhotoSource(
    gallery, split=None, config=PairConfig(size=(200, 240), still=0.0, origins=read_origins("muscle"))
)
pairs = [source.pair(index) for index in range(4)]  # 200 x 240 px
for name in ("half-size", "dis", "meflownet"):
    estimator, error = create(name), EndPointError()
    for pair in pairs:
        flow = estimator.estimate(pair.onset, pair.apex, pair.landmarks)
        error.update(flow.expression, pair.facial - pair.head, pair.face & pair.valid)
    print(f"{name:12} {error.compute().epe:.3f} px")
nothing = EndPointError()
for pair in pairs:
    nothing.update(np.zeros_like(pair.facial), pair.facial - pair.head, pair.face & pair.valid)
print(f"{'no motion':12} {nothing.compute().epe:.3f} px")

# %% [markdown]
# ## Use it
#
# The report names the estimator that it rests on.

# %%
from mellm import Analyzer, Settings
from mellm.simulate.generated_clip import demo_clip

demo_clip(folder / "clip.mp4")
report = Analyzer(Settings(estimator="half-size")).analyze(folder / "clip.mp4")
print(report.provenance.models["flow"].name)
for moment in report.micro_expressions:
    print([unit.code for unit in moment.action_units if unit.present])

# %% [markdown]
# To make it known to every command, put it into a package with an entry point: [plug-ins](../plugins.md).
