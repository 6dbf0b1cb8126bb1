"""The motion encoders as ONNX files with half-precision weights, for the runtime without torch.

The module knows the encoders' inputs and outputs, and nothing of training.
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mellm.language.motion.encoders import FILES, Route
from mellm.train.language.motion_encoders import Routes, shape_of

_LARGE = 256
"""Weights of so many numbers and more are kept in half precision."""


class _Telling(nn.Module):
    """An encoder with its heads: all closed answers' logits in a row."""

    def __init__(self, routes: Routes, route: Route) -> None:
        super().__init__()
        self.encoder, self.heads = routes.encoders[route], routes.heads[route]

    def forward(self, given: Tensor) -> Tensor:
        """Return logits (B, all options)."""
        return torch.cat(self.heads(self.encoder(given))[0], 1)


def export_encoder(routes: Routes, route: Route, folder: Path) -> Path:
    """Write a route's encoder with its heads below `folder`; returns the file."""
    path = folder / FILES[route]
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Telling(routes, route).eval(),
            (torch.zeros(1, *shape_of(route)),),
            str(partial),
            input_names=["motion"],
            output_names=["answers"],
            dynamic_axes={"motion": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    model = onnx.load(str(partial))
    _halve(model)
    onnx.save(model, str(partial))
    partial.replace(path)
    return path


def _halve(model: onnx.ModelProto) -> None:
    """Keep large weights in half precision, turned back by a cast when the model is loaded."""
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _LARGE:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
