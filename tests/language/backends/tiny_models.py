"""Tiny random models in the hub's form, with a tokenizer made on the spot."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
           "<|image_pad|>", "<|video_pad|>")  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 512}  # fmt: skip


def tokenizer():
    """Bytes, a few words, and the chat's marks: every text can be written."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["Ġh", "Ġha", "Ġs", "Ġsa"]
    vocabulary = {token: i for i, token in enumerate([*alphabet, *words])}
    merges = [("Ġ", "h"), ("Ġh", "a"), ("Ġ", "s"), ("Ġs", "a")]
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=SPECIAL,
    )
    fast.chat_template = TEMPLATE
    return fast


def save_text_model(folder):
    torch.manual_seed(0)
    words = tokenizer()
    model = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(words), head_dim=8, **TEXT))
    model.generation_config.eos_token_id = words.eos_token_id
    return save(folder, model, words)


def save_vision_model(folder):
    torch.manual_seed(0)
    words = tokenizer()
    marks = {
        f"{name}_token_id": words.convert_tokens_to_ids(f"<|{mark}|>")
        for name, mark in (
            ("vision_start", "vision_start"),
            ("vision_end", "vision_end"),
            ("image", "image_pad"),
            ("video", "video_pad"),
        )
    }
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
    text = {**TEXT, "vocab_size": len(words), "eos_token_id": words.eos_token_id, "bos_token_id": None,
            "rope_parameters": rope}  # fmt: skip
    eyes = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 4, "out_hidden_size": 32,
            "fullatt_block_indexes": [1], "window_size": 56}  # fmt: skip
    config = Qwen2_5_VLConfig(text_config=text, vision_config=eyes, **marks)
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = words.eos_token_id
    Qwen2VLImageProcessorPil().save_pretrained(folder)
    return save(folder, model, words)


def save(folder, model, words):
    # Larger than trained ones have, so that the next token depends on the prompt.
    for parameter in model.parameters():
        parameter.data *= 4
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
