"""A base with an adapter and the loss on its answers.

The output layer runs at answer tokens only: over a vocabulary of 49,152, whole sequences would cost a small
model more than all its layers. Knows batches; knows nothing about records, optimisers or processes.
"""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mellm.errors import InputError
from mellm.train.language.adapter_recipe import LoRASettings
from mellm.train.language.dialogue_batches import Batch


def adapted(model: Any, lora: LoRASettings, seed: int) -> PeftModel:
    """Return the model with a fresh adapter (A random by the seed, B zero) and all else frozen.

    The adapter's weights are float32 whatever the base is. Raises InputError where no module is matched.
    """
    torch.manual_seed(seed)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.target_modules,
        task_type="CAUSAL_LM",
    )
    try:
        wrapped: PeftModel = get_peft_model(model, config)
    except ValueError as error:
        raise InputError(
            f"lora.target_modules does not fit the base: {str(error).splitlines()[0]}"
        ) from error
    for module in wrapped.modules():
        if isinstance(module, BaseTunerLayer):
            # Under autocast PEFT's own cast to the adapter's float32 would only be undone again.
            module.cast_input_dtype_enabled = model.dtype == torch.float32
    return wrapped


class AnswerLoss(nn.Module):
    """Weighted sum of the negative log-likelihoods of a batch's answer tokens, as a module to be wrapped."""

    def __init__(self, language: PeftModel) -> None:
        super().__init__()
        self.language = language
        # Where FSDP cuts the model.
        self._no_split_modules = language.get_base_model()._no_split_modules

    def forward(self, batch: Batch) -> Tensor:
        """Return the sum over answer tokens of weight times negative log-likelihood, nats; a scalar."""
        whole = self.language.get_base_model()
        inputs = {name: value for name, value in batch.items() if name != "weights"}
        hidden = whole.model(**inputs, use_cache=False).last_hidden_state
        target = batch["weights"][:, 1:] > 0
        logits = whole.get_output_embeddings()(hidden[:, :-1][target])
        losses = nn.functional.cross_entropy(
            logits.float(), batch["input_ids"][:, 1:][target], reduction="none"
        )
        return (losses * batch["weights"][:, 1:][target]).sum()


def begin_with(language: PeftModel, adapter: Path) -> None:
    """Put the weights of an adapter file into a model adapted alike; InputError where they do not fit."""
    try:
        found = set_peft_model_state_dict(language, load_file(adapter))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"The adapter {adapter} cannot be begun with ({error}).") from error
    if found.unexpected_keys or any("lora_" in name for name in found.missing_keys):
        raise InputError(f"The adapter {adapter} has other layers or another rank than the recipe says.")
