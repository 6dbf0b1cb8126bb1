"""One of two processes that train two steps, whole and then sharded: `torchrun THIS RECIPE FOLDER`."""

import sys

import torch
from accelerate import Accelerator
from torch.distributed.fsdp import fully_shard

from mellm.train.language.adapter_training import train_language


def prepare(self, model, optimiser):
    """Shard as accelerate does with FSDP 2, which it offers on GPUs only: each layer, then the rest."""
    cuts = model._no_split_modules
    for module in list(model.modules()):
        if type(module).__name__ in cuts:
            fully_shard(module)
    fully_shard(model)
    settings = optimiser.param_groups[0]
    trained = [p for p in model.parameters() if p.requires_grad]
    made = torch.optim.AdamW(trained, settings["lr"], weight_decay=settings["weight_decay"])
    return model, self.prepare_optimizer(made)


if __name__ == "__main__":
    recipe, folder = sys.argv[1:]
    train_language(recipe, f"{folder}/whole", steps=2)
    Accelerator.prepare = prepare
    train_language(recipe, f"{folder}/sharded", steps=2)
