"""The `transformers` backend: a text or vision model on this computer's CPU or GPU, by PyTorch.

Text is written token by token with a cache, so that a call can be ended between any two; options are scored
in one batch behind the prompt they share. Knows nothing about prompts or answers.
"""

import copy
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from mellm.errors import InputError, MellmError
from mellm.language.backends.dialogue import with_system
from mellm.language.backends.local_model import load_local_model
from mellm.language.backends.protocol import Choice, Control, Decoding, Message
from mellm.language.backends.text_stream import until_stop, without_thoughts

_POLL = 0.1
_BATCH = 16
_BROKEN = "\ufffd"


class TransformersBackend:
    """A model that transformers can load; see `load_local_model` for the arguments."""

    def __init__(
        self,
        path: str,
        *,
        adapter: str | None = None,
        system: str | None = None,
        device: str = "auto",
        dtype: str = "bfloat16",
        thinking: bool = False,
    ) -> None:
        """Load the model.

        `system` is the system message for dialogues without one; None: the one its adapter was trained with.
        `thinking` leaves the chat template as it is: models that think aloud do so, unseen by the reader.
        """
        self._local = load_local_model(path, adapter=adapter, device=device, dtype=dtype)
        self._system = self._local.system if system is None else system
        self._template = {} if thinking else {"enable_thinking": False}
        self._running = threading.Lock()

    @property
    def name(self) -> str:
        """What wrote it: `transformers/MODEL+ADAPTER`."""
        return f"transformers/{self._local.name}"

    @property
    def sees(self) -> bool:
        """Whether messages may carry pictures."""
        return self._local.images is not None

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Yield the assistant's answer in pieces, as it is written; the protocol says the rest."""
        control = control or Control()
        text, pictures = self._prompt(messages)
        with self._turn(control):
            ids = self._tokens(text + prefix, pictures)
            written = without_thoughts(self._written(ids, pictures, decoding, control))
            yield from until_stop(written, decoding.stop)

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Return which of `options` continues the assistant's `prefix` best; the protocol says the rest."""
        if not options:
            raise InputError("There is no option to choose from.")
        control = control or Control()
        text, pictures = self._prompt(messages)
        with self._turn(control):
            # Tokenised together with what stands before: a space may belong to the word or to the prefix.
            whole = [self._tokens(text + prefix + option, pictures) for option in options]
            logprobs = self._scores(whole, pictures, control)
        return Choice(max(range(len(options)), key=logprobs.__getitem__), tuple(logprobs))

    @contextmanager
    def _turn(self, control: Control) -> Iterator[None]:
        """Wait for the call before; then run alone, without gradients."""
        while not self._running.acquire(timeout=_POLL):
            control.check()
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise MellmError(
                "The model and its prompt do not fit into the memory; use a smaller one."
            ) from error
        finally:
            self._running.release()

    def _prompt(self, messages: Sequence[Message]) -> tuple[str, dict[str, Tensor]]:
        """The dialogue as the model's template writes it, up to where the answer begins; its pictures."""
        local = self._local
        messages = with_system(messages, self._system)
        images = [image for message in messages for image in message.images]
        if images and local.images is None:
            raise InputError(f"{self.name} does not see pictures; take the flow route or a vision model.")
        mark = self._picture_mark() if images else ""
        turns = [{"role": m.role, "content": mark * len(m.images) + _plain(m.text)} for m in messages]
        text = local.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **self._template
        )
        if not images:
            return str(text), {}
        done = local.images(images=images, return_tensors="pt")
        keep = ("pixel_values", "image_grid_thw")
        return str(text), {name: done[name].to(local.device) for name in keep}

    def _picture_mark(self) -> str:
        config, tokenizer = self._local.model.config, self._local.tokenizer
        ids = [getattr(config, f"{name}_token_id") for name in ("vision_start", "image", "vision_end")]
        return "".join(tokenizer.convert_ids_to_tokens(ids))

    def _tokens(self, text: str, pictures: dict[str, Tensor]) -> list[int]:
        ids: list[int] = self._local.tokenizer(text, add_special_tokens=False)["input_ids"]
        if pictures:
            grids, merge = pictures["image_grid_thw"], self._local.images.merge_size
            sizes = iter((grids.prod(-1) // merge**2).tolist())
            mark = self._local.model.config.image_token_id
            ids = [i for token in ids for i in ([token] * int(next(sizes)) if token == mark else [token])]
        if len(ids) >= self._local.longest:
            raise InputError(
                f"The prompt has {len(ids)} tokens, more than the {self._local.longest} of {self.name}."
            )
        return ids

    def _read(self, ids: Sequence[int], pictures: dict[str, Tensor]) -> tuple[Tensor, Any]:
        """Read a prompt; return the logits (vocabulary,) of what comes next, and the cache."""
        local = self._local
        # Qwen's vision models keep the last prompt's positions, which a prompt without pictures must not get.
        if hasattr(local.model.model, "rope_deltas"):
            local.model.model.rope_deltas = None
        inputs = torch.tensor([list(ids)], device=local.device)
        extra = dict(pictures)
        if pictures:
            extra["mm_token_type_ids"] = (inputs == local.model.config.image_token_id).int()
        with torch.inference_mode():
            out = local.model(input_ids=inputs, use_cache=True, logits_to_keep=1, **extra)
        return out.logits[0, -1].float(), out.past_key_values

    def _written(
        self, ids: Sequence[int], pictures: dict[str, Tensor], decoding: Decoding, control: Control
    ) -> Iterator[str]:
        control.check()
        logits, cache = self._read(ids, pictures)
        dice = torch.Generator().manual_seed(decoding.seed)
        writer, room = _Writer(self._local.tokenizer), self._local.longest - len(ids)
        for _ in range(min(decoding.max_tokens, room)):
            control.check()
            token = _pick(logits, decoding.temperature, dice)
            if token in self._local.ends:
                break
            if piece := writer.add(token):
                yield piece
            with torch.inference_mode():
                step = torch.tensor([[token]], device=self._local.device)
                out = self._local.model(input_ids=step, past_key_values=cache, use_cache=True)
            logits = out.logits[0, -1].float()

    def _scores(
        self, whole: Sequence[list[int]], pictures: dict[str, Tensor], control: Control
    ) -> list[float]:
        """Log-probability of each sequence behind what all of them share."""
        control.check()
        shared = _shared(whole)
        first, cache = self._read(whole[0][:shared], pictures)
        start = first.log_softmax(-1)
        rests = [ids[shared:] for ids in whole]
        scores = [float(start[rest[0]]) for rest in rests]
        longer = [i for i, rest in enumerate(rests) if len(rest) > 1]
        for at in range(0, len(longer), _BATCH):
            control.check()
            rows = longer[at : at + _BATCH]
            for i, more in zip(rows, self._batch_scores([rests[i] for i in rows], cache), strict=True):
                scores[i] += more
        return scores

    def _batch_scores(self, rests: Sequence[list[int]], cache: Any) -> list[float]:
        """Log-probability of each row's tokens after its first, behind the cached prompt."""
        longest = max(len(rest) for rest in rests) - 1
        # On the right, padding is never attended to by what stands before it.
        rows = torch.tensor(
            [(rest[:-1] + [0] * longest)[:longest] for rest in rests], device=self._local.device
        )
        cache = copy.deepcopy(cache)
        cache.batch_repeat_interleave(len(rests))
        with torch.inference_mode():
            out = self._local.model(input_ids=rows, past_key_values=cache, use_cache=True)
        logprobs = out.logits.float().log_softmax(-1)
        return [
            sum(float(row[i, t]) for i, t in enumerate(rest[1:]))
            for row, rest in zip(logprobs, rests, strict=True)
        ]


class _Writer:
    """Tokens in, text out, in whole characters."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = self._told = 0

    def add(self, token: int) -> str:
        self._ids.append(token)
        # Decoded together with the piece before, as spaces depend on it.
        before = self._decode(self._ids[self._start : self._told])
        now = self._decode(self._ids[self._start :])
        if now.endswith(_BROKEN):
            return ""
        self._start, self._told = self._told, len(self._ids)
        return now[len(before) :]

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


def _plain(text: str) -> str:
    """Text that cannot end its own turn, nor pass for a picture."""
    return text.replace("<|", "< |")


def _pick(logits: Tensor, temperature: float, dice: torch.Generator) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    return int(torch.multinomial((logits / temperature).softmax(-1).cpu(), 1, generator=dice))


def _shared(whole: Sequence[list[int]]) -> int:
    """How many first tokens all sequences share; each keeps one at least for itself."""
    most = min(len(ids) for ids in whole) - 1
    return next((i for i in range(most) if len({ids[i] for ids in whole}) > 1), most)
