"""From torch to ONNX: the averaged network as the runtime without torch reads it.

Knows the network's inputs and outputs; nothing of training.
"""

import warnings
from pathlib import Path

import torch

from mellm.flow.meflownet.chart import COLS, HEIGHT, ROWS, WIDTH
from mellm.flow.meflownet.depth_backbone import DepthBackbone
from mellm.flow.meflownet.model import Exported, MEFlowNet

INPUTS = ("onset", "apex", "facial", "head", "rigid", "variational")
OUTPUTS = ("facial_flow", "head_flow")


def export_onnx(model: MEFlowNet, path: Path, backbone: DepthBackbone | None = None) -> Path:
    """Write the network for one 400x480 chart pair, in float32 (ONNX opset 17)."""
    example = (
        torch.zeros(1, 1, HEIGHT, WIDTH),
        torch.zeros(1, 1, HEIGHT, WIDTH),
        torch.zeros(1, 2, ROWS, COLS),
        torch.zeros(1, 2, ROWS, COLS),
        torch.ones(1, 12, ROWS, COLS),
        torch.zeros(1, 2, ROWS, COLS),
    )
    model.reduced = False
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The older exporter: the newer one needs a second package and gains nothing here.
        torch.onnx.export(
            Exported(model, backbone).eval(),
            example,
            str(partial),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            opset_version=17,
            dynamo=False,
        )
    partial.replace(path)
    return path
