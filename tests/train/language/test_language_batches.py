from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from language_models import dialogues, record, save_qwen3, write_records  # noqa: E402

from mellm.errors import InputError  # noqa: E402
from mellm.train.language.adapted_model import AnswerLoss, adapted  # noqa: E402
from mellm.train.language.adapter_recipe import LanguageRecipe, LoRASettings  # noqa: E402
from mellm.train.language.base_model import load_base  # noqa: E402
from mellm.train.language.dialogue_batches import (  # noqa: E402
    Encoder,
    chosen_records,
    grouped,
    passes,
    step_indices,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return load_base(str(save_qwen3(tmp_path_factory.mktemp("qwen3"))), "fp32", "eager")


def recipe(**changes) -> LanguageRecipe:
    fields = {"base": "tiny", "train": Path("t.jsonl"), "val": Path("v.jsonl"), "precision": "fp32"}
    return LanguageRecipe(**fields | changes)


def test_only_the_answer_and_its_end_are_learned(base):
    made = record(0, "mer", "Which label?", "positive")
    batch = Encoder(base, recipe(), Path()).collate([Encoder(base, recipe(), Path()).encode([made])])
    learned = base.tokenizer.decode(batch["input_ids"][batch["weights"] > 0])
    assert learned == "positive<|im_end|>"
    prompt = base.tokenizer.decode(
        batch["input_ids"][(batch["weights"] == 0) & (batch["attention_mask"] == 1)]
    )
    assert prompt == (
        "<|im_start|>system\nYou read facial micro-expressions.<|im_end|>\n"
        "<|im_start|>user\nWhich label?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(("reduction", "total"), [("token", 24.0), ("square", 24**0.5), ("answer", 1.0)])
def test_an_answer_weighs_what_the_reduction_says(base, reduction, total):
    encoder = Encoder(base, recipe(reduction=reduction), Path())
    row = encoder.encode([record(0, "meu", "Which?", "twenty-three characters")])
    assert float(encoder.collate([row])["weights"].sum()) == pytest.approx(total)
    assert encoder.total_weight([row]) == pytest.approx(total)


def test_the_loss_is_that_of_the_model_with_labels(base):
    """The library's own loss over whole sequences, prompts masked, is the reference."""
    encoder = Encoder(base, recipe(), Path())
    rows = [encoder.encode([r]) for r in dialogues(2)]
    batch = encoder.collate(rows)
    labels = batch["input_ids"].masked_fill(batch["weights"] == 0, -100)
    with torch.no_grad():
        reference = base.model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels
        ).loss
        ours = AnswerLoss(adapted(base.model, LoRASettings(rank=2, alpha=2), 0))(batch)
    assert float(ours) / encoder.total_weight(rows) == pytest.approx(float(reference), rel=1e-5)


def test_a_shared_beginning_is_read_once_and_changes_no_loss(base):
    encoder = Encoder(base, recipe(share_prompts=True), Path())
    records = dialogues(3)
    together = [encoder.encode(group) for group in grouped(records, share=True)]
    apart = [encoder.encode([r]) for r in records]
    assert [len(row.branches) for row in together] == [2, 2, 2]
    assert sum(map(len, together)) < 0.75 * sum(map(len, apart))
    loss = AnswerLoss(adapted(base.model, LoRASettings(rank=2, alpha=2), 0))
    with torch.no_grad():
        assert float(loss(encoder.collate(together))) == pytest.approx(
            float(loss(encoder.collate(apart))), rel=1e-5
        )


def test_every_pass_over_the_records_takes_each_once():
    seen = [i for step in range(5) for i in step_indices(step, 10, 4, seed=1)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]
    assert step_indices(3, 10, 4, seed=1) == seen[12:16]


def test_processes_share_a_step_evenly(base):
    encoder = Encoder(base, recipe(), Path())
    rows = [encoder.encode([r]) for r in dialogues(4)]
    mine = [passes(rows, 2, rank, 2) for rank in range(2)]
    dealt = [id(row) for one in mine for part in one for row in part]
    assert sorted(dealt) == sorted(map(id, rows))
    assert [len(one) for one in mine] == [2, 2]
    with pytest.raises(InputError, match="multiple of micro_batch times processes"):
        passes(rows[:6], 2, 0, 2)


def test_shares_choose_records_by_task_and_route(tmp_path):
    records = dialogues(200)
    path = write_records(tmp_path / "r.jsonl", records)
    half = chosen_records(path, recipe(tasks={"meu": 0.5}))
    assert {r.task for r in half} == {"meu"}
    assert 70 < len(half) < 130
    assert chosen_records(path, recipe(tasks={"meu": 0.5})) == half
    with pytest.raises(InputError, match="no record of the tasks meu in the routes vision"):
        chosen_records(path, recipe(tasks={"meu": 1.0}, routes=("vision",)))


def test_a_text_model_is_not_shown_pictures(base):
    with pytest.raises(InputError, match="cannot see"):
        Encoder(base, recipe(), Path()).encode(dialogues(1, "vision")[:1])


def test_padding_on_the_left_is_neither_seen_nor_learned(base):
    encoder = Encoder(base, recipe(), Path())
    rows = [encoder.encode([r]) for r in dialogues(1)]
    batch = encoder.collate(rows)
    width = batch["input_ids"].shape[1]
    assert width % 32 == 0
    for row, mask, weights in zip(rows, batch["attention_mask"], batch["weights"], strict=True):
        padded = width - len(row)
        assert mask.tolist() == [0] * padded + [1] * len(row)
        assert not weights[:padded].any()
