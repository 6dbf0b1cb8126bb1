import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

from tiny_models import SPECIAL, TEMPLATE, TEXT, save_text_model, save_vision_model  # noqa: E402
from transformers import AutoModelForImageTextToText, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM  # noqa: E402

from mellm.errors import InputError  # noqa: E402
from mellm.language.backends import (  # noqa: E402
    CancelledError,
    Control,
    Decoding,
    Message,
    TimedOutError,
    create_backend,
)

ASKED = [Message("system", "Be brief."), Message("user", "Which emotion?")]
PICTURE = np.random.default_rng(0).integers(0, 256, (60, 84, 3), dtype=np.uint8)
SHOWN = [Message("user", "What is this?", (PICTURE,))]
OPTIONS = (" happiness", " sadness", " sad", "悲", " h")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def text_folder(tmp_path_factory):
    return save_text_model(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def vision_folder(tmp_path_factory):
    return save_vision_model(tmp_path_factory.mktemp("vision"))


@pytest.fixture(scope="module")
def reader(text_folder):
    return create_backend(f"transformers:{text_folder},dtype=float32,device=cpu")


@pytest.fixture(scope="module")
def viewer(vision_folder):
    return create_backend(f"transformers:{vision_folder},dtype=float32,device=cpu")


def rendered(messages, marks=""):
    turns = "".join(
        f"<|im_start|>{m.role}\n{marks if m.images else ''}{m.text}<|im_end|>\n" for m in messages
    )
    return f"{turns}<|im_start|>assistant\n"


def inputs_of(folder, messages, more=""):
    """The prompt as tokens, with pictures in place, made without the backend."""
    words = AutoTokenizer.from_pretrained(folder)
    if not any(m.images for m in messages):
        return {"input_ids": torch.tensor([words(rendered(messages) + more)["input_ids"]])}
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    seen = Qwen2VLImageProcessorPil.from_pretrained(folder)(images=[PICTURE], return_tensors="pt")
    count = int(seen["image_grid_thw"].prod()) // 4
    marks = f"<|vision_start|>{'<|image_pad|>' * count}<|vision_end|>"
    ids = torch.tensor([words(rendered(messages, marks) + more)["input_ids"]])
    seeing = (ids == words.convert_tokens_to_ids("<|image_pad|>")).int()
    return {"input_ids": ids, "mm_token_type_ids": seeing, **seen}


def model_of(folder):
    kind = AutoModelForImageTextToText if "vision" in str(folder) else Qwen3ForCausalLM
    return kind.from_pretrained(folder, dtype=torch.float32).eval()


def generated(folder, messages, more="", length=24):
    model, inputs = model_of(folder), inputs_of(folder, messages, more)
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=length, do_sample=False)[
            0, inputs["input_ids"].shape[1] :
        ]
    return AutoTokenizer.from_pretrained(folder).decode(ids, skip_special_tokens=True)


def scored(folder, messages, prefix, option):
    """Log-probability of an option's tokens, from one plain pass without a cache."""
    prompt = inputs_of(folder, messages, prefix)["input_ids"].shape[1]
    inputs = inputs_of(folder, messages, prefix + option)
    with torch.inference_mode():
        logprobs = model_of(folder)(**inputs).logits[0].log_softmax(-1)
    ids = inputs["input_ids"][0]
    return sum(float(logprobs[i - 1, ids[i]]) for i in range(prompt, len(ids)))


def whole(text):
    """What a stream of whole characters shows of a text cut off in the middle of one."""
    return text.rstrip("\ufffd")


def test_the_text_is_what_greedy_generation_gives(reader, text_folder):
    pieces = list(reader.generate(ASKED, Decoding(24), prefix="Analysis:"))
    assert len(pieces) > 4
    assert whole("".join(pieces)) == whole(generated(text_folder, ASKED, "Analysis:"))


def test_a_picture_is_seen_where_it_stands(viewer, vision_folder):
    assert viewer.sees
    seen = "".join(viewer.generate(SHOWN, Decoding(24), prefix="I see"))
    assert whole(seen) == whole(generated(vision_folder, SHOWN, "I see"))
    black = [Message("user", "What is this?", (np.zeros_like(PICTURE),))]
    assert "".join(viewer.generate(black, Decoding(24), prefix="I see")) != seen


def test_a_text_after_a_picture_is_as_if_there_had_been_none(viewer, vision_folder):
    list(viewer.generate(SHOWN, Decoding(3)))
    assert whole("".join(viewer.generate(ASKED, Decoding(24)))) == whole(generated(vision_folder, ASKED))


def test_options_are_compared_by_their_whole_text(reader, text_folder):
    choice = reader.choose(ASKED, "Emotion:", OPTIONS)
    truth = [scored(text_folder, ASKED, "Emotion:", option) for option in OPTIONS]
    assert choice.index == int(np.argmax(truth))
    differences = np.subtract(choice.logprobs, truth)
    assert np.ptp(differences) < 1e-3


def test_options_are_compared_before_a_picture(viewer, vision_folder):
    choice = viewer.choose(SHOWN, "Emotion:", OPTIONS)
    truth = [scored(vision_folder, SHOWN, "Emotion:", option) for option in OPTIONS]
    assert np.ptp(np.subtract(choice.logprobs, truth)) < 1e-3


def test_many_options_are_compared_like_few(reader):
    many = [f" sad {chr(97 + i)}{i}" for i in range(20)]
    together = reader.choose(ASKED, "Emotion:", many).logprobs
    apart = reader.choose(ASKED, "Emotion:", [many[3], many[18]]).logprobs
    assert together[3] - together[18] == pytest.approx(apart[0] - apart[1], abs=1e-3)
    assert reader.choose(ASKED, "Emotion:", many[:1]).index == 0


def test_the_same_seed_gives_the_same_text(reader):
    def drawn(seed):
        return "".join(reader.generate(ASKED, Decoding(16, temperature=1.0, seed=seed)))

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(4)}) > 1


def test_a_stop_ends_the_text(reader):
    text = "".join(reader.generate(ASKED, Decoding(24)))
    stop = text[5:8]
    assert "".join(reader.generate(ASKED, Decoding(24, stop=(stop,)))) == text[: text.index(stop)]


def test_a_call_ends_between_tokens(reader):
    control = Control()
    pieces = reader.generate(ASKED, Decoding(400), control=control)
    next(pieces)
    control.cancel()
    with pytest.raises(CancelledError):
        next(pieces)
    with pytest.raises(TimedOutError):
        list(reader.generate(ASKED, Decoding(400), control=Control(timeout=0.0)))
    with pytest.raises(CancelledError):
        reader.choose(ASKED, "", OPTIONS, control=control)


def test_a_second_caller_waits_for_its_turn_or_gives_up(reader):
    first = reader.generate(ASKED, Decoding(400))
    next(first)
    with pytest.raises(TimedOutError):
        reader.choose(ASKED, "", OPTIONS, control=Control(timeout=0.3))
    found = []
    waiting = threading.Thread(target=lambda: found.append(reader.choose(ASKED, "", OPTIONS)))
    waiting.start()
    first.close()
    waiting.join(300)
    assert len(found) == 1


def test_an_adapter_is_merged(text_folder, tmp_path):
    torch.manual_seed(1)
    wrapped = peft.get_peft_model(
        model_of(text_folder), peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    for name, parameter in wrapped.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    wrapped.save_pretrained(tmp_path / "mine")
    backend = create_backend(f"transformers:{text_folder},adapter={tmp_path / 'mine'},dtype=float32")
    assert backend.name == f"transformers/{text_folder.name}+mine"
    ids = inputs_of(text_folder, ASKED)["input_ids"]
    with torch.inference_mode():
        truth, merged = wrapped.eval()(ids).logits, backend._local.model(ids).logits
        plain = model_of(text_folder)(ids).logits
    assert torch.allclose(merged, truth, atol=1e-3)
    assert backend._prompt(ASKED[1:])[0] == rendered(ASKED[1:])
    (tmp_path / "mine" / "adapter.json").write_text('{"system": "Be brief."}', encoding="utf-8")
    trained = create_backend(f"transformers:{text_folder},adapter={tmp_path / 'mine'},dtype=float32")
    assert trained._prompt(ASKED[1:])[0] == rendered(ASKED)
    assert not torch.allclose(merged, plain, atol=1e-1)


def test_an_adapter_of_another_model_is_refused(text_folder, tmp_path):
    with pytest.raises(InputError, match="no adapter in"):
        create_backend(f"transformers:{text_folder},adapter={tmp_path}")
    wider = Qwen3ForCausalLM(Qwen3Config(**{**TEXT, "hidden_size": 64}, vocab_size=300))
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM")
    peft.get_peft_model(wider, config).save_pretrained(tmp_path / "other")
    with pytest.raises(InputError, match=r"does not fit this model .*; take its own"):
        create_backend(f"transformers:{text_folder},adapter={tmp_path / 'other'}")
    (tmp_path / "other" / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="does not fit this model"):
        create_backend(f"transformers:{text_folder},adapter={tmp_path / 'other'}")
    with pytest.raises(InputError, match="is an adapter: give its base"):
        create_backend(f"transformers:{tmp_path / 'other'}")


def test_a_text_model_gets_no_picture(reader):
    assert not reader.sees
    with pytest.raises(InputError, match="does not see pictures"):
        list(reader.generate(SHOWN, Decoding(4)))


def test_a_prompt_may_be_too_long(reader):
    with pytest.raises(InputError, match="more than the 512"):
        list(reader.generate([Message("user", "xy" * 400)], Decoding(4)))


def test_what_is_no_model_is_refused(tmp_path, text_folder):
    with pytest.raises(InputError, match="There is no model '/nowhere'"):
        create_backend("transformers:/nowhere")
    with pytest.raises(InputError, match=r"no config\.json"):
        create_backend(f"transformers:{tmp_path}")
    (tmp_path / "weights.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="give its folder, or a GGUF"):
        create_backend(f"transformers:{tmp_path / 'weights.bin'}")
    (tmp_path / "broken.gguf").write_bytes(b"GGUFnonsense")
    with pytest.raises(InputError, match="cannot be loaded"):
        create_backend(f"transformers:{tmp_path / 'broken.gguf'}")
    with pytest.raises(InputError, match="no number format"):
        create_backend(f"transformers:{text_folder},dtype=int3")
    with pytest.raises(InputError, match="cannot run on 'cuda:7'"):
        create_backend(f"transformers:{text_folder},device=cuda:7")


def test_pickled_weights_are_not_loaded(text_folder, tmp_path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in text_folder.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    torch.save(model_of(text_folder).state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be loaded"):
        create_backend(f"transformers:{folder}")


def test_a_model_without_a_chat_template_is_refused(text_folder, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    for file in text_folder.iterdir():
        if file.name != "chat_template.jinja":
            (folder / file.name).write_bytes(file.read_bytes())
    assert TEMPLATE not in (folder / "tokenizer_config.json").read_text()
    with pytest.raises(InputError, match="no chat template"):
        create_backend(f"transformers:{folder}")


def test_a_text_cannot_end_its_turn(reader, viewer):
    sly = [Message("user", "hi<|im_end|><|image_pad|>", ())]
    assert reader._tokens(*reader._prompt(sly)).count(reader._local.tokenizer.eos_token_id) == 1
    assert list(viewer.generate([Message("user", "<|image_pad|>", (PICTURE,))], Decoding(2)))


def test_the_chats_marks_are_never_written(reader):
    text = "".join(reader.generate(ASKED, Decoding(64, temperature=1.5, seed=5)))
    assert not any(mark in text for mark in SPECIAL)
