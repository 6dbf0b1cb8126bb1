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

from mellm.language.motion.encoders import FILES, SHOWN, Route
from mellm.train.language.motion_encoders import Routes, shape_of

_LARGE = 256
"""Weights of so many numbers and more are kept in half precision."""


class _Telling(nn.Module):
    """An encoder with its heads: all closed answers' logits in a row."""

    def __init__(self, routes: Routes, route: Route) -> None:
        super().__init__()
        self.routes, self.route = routes, route

    def forward(self, given: Tensor) -> Tensor:
        """Return logits (B, all options)."""
        return torch.cat(self.routes.asked(self.route, given)[0], 1)


class _Showing(nn.Module):
    """An encoder with its projector: what each question found, as an embedding."""

    def __init__(self, routes: Routes, route: Route, projector: nn.Module) -> None:
        super().__init__()
        self.routes, self.route, self.projector = routes, route, projector

    def forward(self, given: Tensor) -> Tensor:
        """Return embeddings (B, 24, E)."""
        found: Tensor = self.projector(self.routes.asked(self.route, given)[1])
        return found


def export_encoder(routes: Routes, route: Route, folder: Path) -> Path:
    """Write a route's encoder with its heads below `folder`; returns the file."""
    return _export(_Telling(routes, route), route, folder / FILES[route], "answers")


def export_shown(routes: Routes, route: Route, projector: nn.Module, folder: Path) -> Path:
    """Write a route's encoder with its projector below `folder`; returns the file."""
    return _export(_Showing(routes, route, projector), route, folder / SHOWN[route], "embeddings")


def _export(model: nn.Module, route: Route, path: Path, output: str) -> Path:
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (torch.zeros(1, *shape_of(route)),),
            str(partial),
            input_names=["motion"],
            output_names=[output],
            dynamic_axes={"motion": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    graph = onnx.load(str(partial))
    _halve(graph)
    onnx.save(graph, str(partial))
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
