"""Training MEFlowNet on drawn pairs: steps, checkpoints, validation; resumable, by steps or by the clock.

Knows tensors and folders; the recipe and the command are in `meflownet_training`. Imports torch, NumPy and
safetensors alone, so that it runs on any machine that has them.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from mellm.train.curve import append_row
from mellm.train.flow.network import MEFlowNet, NetworkShape
from mellm.train.flow.network_loss import LossWeights, sequence_loss
from mellm.train.flow.pair_synthesis import PairSynthesis
from mellm.train.flow.pair_tensors import TrainingPairs

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a run is made of.

    steps, batch, rate, warmup, weight_decay, clip, average: of AdamW with a cosine schedule and an EMA
    graph: on a GPU, record a step once as a CUDA graph and replay it
    seconds: where given, the schedule follows the clock and ends after so long, whatever the machine's speed;
        `steps` is then the most there are
    """

    shape: NetworkShape = field(default_factory=NetworkShape)
    loss: LossWeights = field(default_factory=LossWeights)
    steps: int = 20_000
    batch: int = 16
    rate: float = 1.2e-3
    warmup: int = 150
    weight_decay: float = 1e-4
    clip: float = 1.0
    average: float = 0.998
    bfloat16: bool = True
    graph: bool = True
    seconds: float | None = None
    checkpoint_minutes: float = 3.0
    validate_steps: int = 500
    log_steps: int = 50
    seed: int = 0


@dataclass(slots=True)
class _Captured:
    """A recorded step: what it reads and what it writes."""

    graph: torch.cuda.CUDAGraph
    pairs: TrainingPairs
    loss: Tensor
    errors: dict[str, Tensor]

    def replay(self, pairs: TrainingPairs) -> tuple[Tensor, dict[str, Tensor]]:
        """Make the recorded step on another batch of the same size."""
        for part in fields(pairs):
            getattr(self.pairs, part.name).copy_(getattr(pairs, part.name))
        self.graph.replay()
        return self.loss, self.errors


class NetworkTraining:
    """One run in one folder. `validation` holds fixed batches by name."""

    def __init__(
        self,
        plan: TrainingPlan,
        folder: Path,
        draw: PairSynthesis,
        validation: dict[str, list[TrainingPairs]],
        report: Report = print,
    ) -> None:
        self.plan, self.folder, self.draw, self.report = plan, folder, draw, report
        self.validation = validation
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.model = MEFlowNet(plan.shape, plan.bfloat16).to(draw.device)
        self.on_gpu = draw.device.type == "cuda"
        self.rate = torch.tensor(plan.rate, device=draw.device)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            self.rate if self.on_gpu else plan.rate,
            weight_decay=plan.weight_decay,
            capturable=self.on_gpu,
        )
        self._captured: _Captured | None = None
        self.average = {n: p.detach().clone() for n, p in self.model.named_parameters()}
        self.step, self.spent = 0, 0.0
        self._path = folder / "checkpoint.safetensors"
        if self._path.is_file():
            self._load()

    def go_on(self, steps: int | None = None, minutes: float | None = None) -> None:
        """Train to the end of the plan, or for so many steps or minutes; leave a checkpoint behind."""
        plan = self.plan
        last = plan.steps if steps is None else min(plan.steps, self.step + steps)
        started = saved = time.monotonic()
        before = self.spent
        self.report(f"step {self.step}, {sum(p.numel() for p in self.model.parameters()):,} parameters")
        while self.step < last:
            self.spent = before + time.monotonic() - started
            if plan.seconds is not None and self.spent >= plan.seconds:
                break
            if minutes is not None and time.monotonic() - started > 60 * minutes:
                break
            self._take_step()
            if time.monotonic() - saved > 60 * plan.checkpoint_minutes:
                self.keep()
                saved = time.monotonic()
        self.keep()

    def progress(self) -> float:
        """Return how much of the plan is done, 0..1."""
        if self.plan.seconds is not None:
            return min(1.0, self.spent / self.plan.seconds)
        return self.step / self.plan.steps

    def _take_step(self) -> None:
        plan = self.plan
        share = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.progress()))
        rate = plan.rate * share * min(1.0, (self.step + 1) / plan.warmup)
        self.rate.fill_(rate)
        if not self.on_gpu:
            for group in self.optimiser.param_groups:
                group["lr"] = rate
        pairs = self.draw.batch(plan.batch)
        if self.on_gpu and plan.graph:
            if self._captured is None:
                self._captured = self._capture(pairs)
            loss, errors = self._captured.replay(pairs)
        else:
            loss, errors = self._update(pairs)
        self.step += 1
        keep = min(plan.average, self.step / (self.step + 20))
        with torch.no_grad():
            now = [p.detach() for p in self.model.parameters()]
            torch._foreach_lerp_(list(self.average.values()), now, 1 - keep)
        if self.step % plan.log_steps == 0:
            row = {"loss": float(loss.detach()), **{n: float(e.mean()) for n, e in errors.items()}}
            row["seconds"] = self.spent
            self._log("loss.csv", row)
            self.report(f"step {self.step}: " + ", ".join(f"{n} {v:.4f}" for n, v in row.items()))
        if self.validation and self.step % plan.validate_steps == 0:
            self.validate()

    def _update(self, pairs: TrainingPairs) -> tuple[Tensor, dict[str, Tensor]]:
        """Make one optimiser step on a batch."""
        self.optimiser.zero_grad(set_to_none=True)
        loss, errors = sequence_loss(self._answers(self.model, pairs), pairs, self.plan.loss)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        # A gradient that is not finite moves nothing: weights would be lost for good.
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0.0, 0.0, 0.0)
        self.optimiser.step()
        return loss.detach(), errors

    def _capture(self, pairs: TrainingPairs) -> "_Captured":
        """Record a step as one CUDA graph: thousands of small kernels then start as one."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._update(pairs)
        torch.cuda.current_stream().wait_stream(stream)
        self.optimiser.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss, errors = self._update(pairs)
        return _Captured(graph, pairs, loss, errors)

    def validate(self) -> dict[str, float]:
        """Return, log and report mean errors of the averaged weights on every validation set, px."""
        model = self.averaged()
        row: dict[str, float] = {}
        for name, batches in self.validation.items():
            sums: dict[str, list[Tensor]] = {}
            for pairs in batches:
                with torch.no_grad():
                    _, errors = sequence_loss(self._answers(model, pairs)[-1:], pairs, self.plan.loss)
                for key, value in errors.items():
                    sums.setdefault(key, []).append(value)
            row |= {f"{name}_{key}": float(torch.cat(values).mean()) for key, values in sums.items()}
        self._log("validation.csv", row)
        self.report(f"validation at {self.step}: " + ", ".join(f"{n} {v:.4f}" for n, v in row.items()))
        return row

    def averaged(self) -> MEFlowNet:
        """Return a network, ready to use, with the averaged weights."""
        model = MEFlowNet(self.plan.shape, self.plan.bfloat16).to(self.draw.device)
        model.load_state_dict(self.average)
        return model.eval()

    def keep(self) -> None:
        """Write the checkpoint: weights, averages, Adam's moments, random state and place in the plan."""
        tensors: dict[str, Tensor] = {}
        names = [n for n, _ in self.model.named_parameters()]
        for name, parameter in self.model.named_parameters():
            tensors[f"model.{name}"] = parameter.detach()
            tensors[f"average.{name}"] = self.average[name]
            for key, value in self.optimiser.state.get(parameter, {}).items():
                tensors[f"adam.{key}.{name}"] = torch.as_tensor(value).reshape(-1) if key == "step" else value
        tensors["random"] = self.draw.generator.get_state()
        facts = {"step": self.step, "spent": self.spent, "plan": asdict(self.plan), "names": names}
        whole = {n: t.cpu().contiguous().clone() for n, t in tensors.items()}
        partial = self._path.with_suffix(".partial")
        save_file(whole, partial, {"facts": json.dumps(facts)})
        partial.replace(self._path)

    def _load(self) -> None:
        device = self.draw.device
        with safe_open(self._path, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        self.model.load_state_dict({n[6:]: t for n, t in stored.items() if n.startswith("model.")})
        self.average = {n: stored[f"average.{n}"].to(device) for n in self.average}
        for name, parameter in self.model.named_parameters():
            state = {k: stored.get(f"adam.{k}.{name}") for k in ("step", "exp_avg", "exp_avg_sq")}
            if state["step"] is not None:
                self.optimiser.state[parameter] = {
                    k: (t.reshape(()) if k == "step" else t).to(
                        device if k != "step" or self.on_gpu else "cpu"
                    )
                    for k, t in state.items()
                    if t is not None
                }
        self.draw.generator.set_state(stored["random"])
        self.step, self.spent = int(facts["step"]), float(facts["spent"])

    @staticmethod
    def _answers(model: MEFlowNet, pairs: TrainingPairs) -> list:  # type: ignore[type-arg]
        return model(pairs.onset, pairs.apex, pairs.depth, pairs.face)  # type: ignore[no-any-return]

    def _log(self, name: str, row: dict[str, float]) -> None:
        append_row(self.folder / name, {"step": self.step, **{k: f"{v:.5f}" for k, v in row.items()}})
