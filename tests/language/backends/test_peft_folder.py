"""An adapter of mellm as the folder PEFT loads: the same model comes out."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from mellm.cli import app
from mellm.errors import InputError
from mellm.language.backends.peft_folder import SHIPPED, export_adapter
from mellm.weights import shipped_path
from mellm.wording.message import word


def test_the_shipped_adapter_is_exported_whole(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["models", "export-adapter", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], len(config["target_modules"])) == (32, 64, 7)
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    ours = safe_open(shipped_path(SHIPPED), framework="numpy")
    theirs = safe_open(tmp_path / "out" / "adapter_model.safetensors", framework="numpy")
    assert set(ours.keys()) == set(theirs.keys())
    for name in sorted(ours.keys())[::37]:
        assert (ours.get_tensor(name) == theirs.get_tensor(name)).all()


def test_no_folder_is_written_over_and_no_other_file_is_taken(tmp_path: Path) -> None:
    export_adapter(tmp_path / "out")
    with pytest.raises(InputError, match="holds an adapter already") as refused:
        export_adapter(tmp_path / "out")
    assert "已有适配器" in word(refused.value.message, "zh")
    with pytest.raises(InputError, match="is no adapter"):
        export_adapter(tmp_path / "other", shipped_path("spotting"))
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_peft_makes_the_same_model_of_it(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    peft: Any = pytest.importorskip("peft")
    transformers: Any = pytest.importorskip("transformers")
    from safetensors.torch import save_file

    def base() -> Any:
        torch.manual_seed(0)
        sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=32, **sizes)).eval()

    trained = peft.get_peft_model(base(), peft.LoraConfig(r=4, lora_alpha=12, target_modules="all-linear"))
    for name, parameter in trained.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    state = peft.get_peft_model_state_dict(trained)
    save_file(state, tmp_path / "adapter.safetensors", metadata={"r": "4", "alpha": "12", "base": "tiny"})
    folder = export_adapter(tmp_path / "out", tmp_path / "adapter.safetensors")
    loaded = peft.PeftModel.from_pretrained(base(), str(folder)).eval()
    words = torch.arange(8)[None]
    with torch.no_grad():
        expected, got, plain = (model(words).logits for model in (trained.eval(), loaded, base()))
    assert torch.allclose(expected, got, atol=1e-6)
    assert not torch.allclose(plain, got, atol=1e-2)
