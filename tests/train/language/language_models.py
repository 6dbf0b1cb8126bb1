"""Tiny random language models in the hub's form, and records to train them on."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from mellm.instruct.records import Record

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|end|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"]


def tokenizer() -> PreTrainedTokenizerFast:
    """One token for each byte, and the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: i for i, word in enumerate(SPECIAL + alphabet)}
    whole = Tokenizer(models.BPE(vocab=words, merges=[]))
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    from tokenizers.decoders import ByteLevel

    whole.decoder = ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=whole,
        eos_token="<|im_end|>",
        pad_token="<|end|>",
        additional_special_tokens=SPECIAL[1:],
    )
    made.chat_template = TEMPLATE
    return made


def save_qwen3(folder: Path) -> Path:
    """Write a random Qwen3 of two layers."""
    torch.manual_seed(7)
    config = Qwen3Config(
        vocab_size=262,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def save_qwen25_vl(folder: Path) -> Path:
    """Write a random Qwen2.5-VL: two layers in each tower."""
    torch.manual_seed(7)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": 262,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 1024,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
            "bos_token_id": None,
            "eos_token_id": SPECIAL.index("<|im_end|>"),
            "pad_token_id": 0,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        image_token_id=SPECIAL.index("<|image_pad|>"),
        vision_start_token_id=SPECIAL.index("<|vision_start|>"),
        vision_end_token_id=SPECIAL.index("<|vision_end|>"),
        video_token_id=260,
    )
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    Qwen2VLImageProcessorPil(size={"shortest_edge": 56 * 56, "longest_edge": 112 * 112}).save_pretrained(
        folder
    )
    return folder


def record(
    case: int, task: str, prompt: str, answer: str, route: str = "flow", split: str = "train"
) -> Record:
    """Make a record; the vision route's has a picture."""
    return Record.from_json(
        json.dumps(
            {
                "id": f"{case}/{task}.{route}.en",
                "case": str(case),
                "task": task,
                "route": route,
                "language": "en",
                "split": split,
                "question": "",
                "images": [f"{case}.png"] if route == "vision" else [],
                "target": {"label": "positive"},
                "provenance": {},
                "messages": [
                    {"role": "user", "content": prompt},
                    {"role": "assistant", "content": answer},
                ],
            }
        )
    )


LABELS = ("negative", "positive", "surprise")


def dialogues(count: int, route: str = "flow") -> list[Record]:
    """Make an MEU and a MER record of each case."""
    mark = "<image>\n" if route == "vision" else ""
    made = []
    for case in range(count):
        label, unit = LABELS[case % 3], (4, 12, 1)[case % 3]
        seen = f"{mark}lip corner up {case / 7:.2f}\n"
        text = f"Analysis: it moves.\nReasoning: AU {unit} fits.\nConclusion: AU {unit}. Label: {label}."
        made.append(record(case, "meu", f"{seen}Which units?", text, route))
        made.append(record(case, "mer", f"{seen}Which label?", label, route))
    return made


def write_records(path: Path, records: list[Record]) -> Path:
    """Write records as JSON lines."""
    path.write_text("".join(f"{r.to_json()}\n" for r in records), encoding="utf-8")
    return path
