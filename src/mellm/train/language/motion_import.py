"""Motion encoders read back from their ONNX files (`motion_export`), to train on without their run.

Weights come back in the half precision they were kept in; normalisation is in the convolutions already, so
the layers that did it become the identity.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import NodeProto, numpy_helper
from torch import Tensor, nn

from mellm.errors import InputError
from mellm.language.motion.encoders import Route
from mellm.train.language.motion_encoders import MapEncoder, Routes


def read_encoder(path: Path, route: Route) -> dict[str, Tensor]:
    """Return a route's encoder and heads by their names in `Routes`; heads that the file has.

    Raises InputError for a file that holds no such encoder.
    """
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # onnx raises protobuf's own kinds
        raise InputError(f"{path.name} is not an encoder of this project (no ONNX model).") from error
    held = {w.name.removesuffix(".half"): numpy_helper.to_array(w) for w in graph.initializer}
    named = {own: v for k, v in held.items() if (own := _own_name(k, route)) is not None}
    named |= _products(list(graph.node), held, route)
    if route == "vision":
        named |= _convolutions(list(graph.node), held)
    found = {k: torch.from_numpy(np.array(v, np.float32)) for k, v in named.items()}
    wanted = Routes().state_dict()
    own = f"encoders.{route}."
    missing = [k for k in wanted if k.startswith(own) and k not in found]
    if missing or any(k not in wanted or wanted[k].shape != v.shape for k, v in found.items()):
        raise InputError(f"{path.name} holds no encoder of the route {route}.")
    return found


def _own_name(name: str, route: Route) -> str | None:
    """A weight's name in `Routes`; files written for one route alone do not name it."""
    name = name.removeprefix("routes.")
    for part in ("encoder", "heads"):
        whole = "encoders" if part == "encoder" else part
        if name.startswith(f"{whole}.{route}."):
            return name
        if name.startswith(f"{part}."):
            return f"{whole}.{route}.{name.removeprefix(f'{part}.')}"
    return None


def _products(nodes: list[NodeProto], held: dict[str, np.ndarray], route: Route) -> dict[str, np.ndarray]:
    """Weights of linear layers: a product's output is added to a bias that kept its name."""
    biases = {name: node for node in nodes if node.op_type == "Add" for name in node.input}
    found = {}
    for node in nodes:
        if node.op_type == "MatMul" and node.input[1] in held and node.output[0] in biases:
            others = [n for n in biases[node.output[0]].input if n.endswith(".bias")]
            if others:
                bias = _own_name(others[0], route) or others[0]
                found[f"{bias.removesuffix('.bias')}.weight"] = held[node.input[1]].T
    return found


def _convolutions(nodes: list[NodeProto], held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convolutions in the order they are run, each with the layer that normalised after it."""
    inner = [(name, kind) for name, kind in MapEncoder().named_modules() if name.startswith("body")]
    layers = [name for name, kind in inner if isinstance(kind, nn.Conv2d)]
    norms = [(name, kind) for name, kind in inner if isinstance(kind, nn.BatchNorm2d)]
    run = [node for node in nodes if node.op_type == "Conv"]
    found = {}
    for node, layer, (norm, kind) in zip(run, layers, norms, strict=False):
        bias = held[node.input[2]].astype(np.float32)
        found[f"encoders.vision.{layer}.weight"] = held[node.input[1]]
        found[f"encoders.vision.{norm}.weight"] = np.full_like(bias, np.sqrt(1 + kind.eps))
        found[f"encoders.vision.{norm}.bias"] = bias
        found[f"encoders.vision.{norm}.running_mean"] = np.zeros_like(bias)
        found[f"encoders.vision.{norm}.running_var"] = np.ones_like(bias)
        found[f"encoders.vision.{norm}.num_batches_tracked"] = np.zeros(())
    return found
