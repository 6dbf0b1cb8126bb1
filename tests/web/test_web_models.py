"""Which models a server offers: the built-in ones and its operator's, chosen by name, never by path."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from shutil import copyfile

import pytest
from web_client import Client, client_of

from mellm.analysis.settings import Settings
from mellm.errors import InputError
from mellm.facs.learned import SHIPPED
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.contract import JobRequest, JobSettings
from mellm.web.offered_models import Offers
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from writing_model import WritingModel


@pytest.fixture
def model() -> Iterator[WritingModel]:
    model = WritingModel()
    model.go_on.set()
    yield model
    model.shutdown()
    model.server_close()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that the person who starts the server keeps somewhere."""
    path = tmp_path_factory.mktemp("cellar") / "clinic.safetensors"
    copyfile(str(files("mellm.weights") / SHIPPED), path)
    return path


@pytest.fixture
def clinic(model: WritingModel, weights: Path, tmp_path: Path) -> Iterator[Client]:
    options = ServerOptions(store=tmp_path, port=0, llm=f"{model.spec},pictures=yes", au_model=str(weights))
    with serving(options) as address, client_of(address) as client:
        yield client


def test_defaults_are_those_of_the_command() -> None:
    mine, theirs = JobSettings(), Settings()
    for name in set(JobSettings.model_fields) - {"magnify"}:
        assert getattr(mine, name) == getattr(theirs, name), name


def test_the_operators_models_come_first_and_are_used(
    clinic: Client, weights: Path, smile_clip: tuple[Path, ClipTruth]
) -> None:
    offered = clinic.get("choices").json()
    assert offered["au_models"] == ["server", "evidence", "learned"]
    assert offered["readers"][0] == "server" and offered["routes"] == ["flow", "vision"]
    media = clinic.upload(smile_clip[0])
    settings = {"au_model": "server", "llm": "server", "route": "vision"}
    answer = clinic.post("jobs", json={"media": media, "settings": settings})
    done = clinic.wait(answer.json()["id"])
    assert done["state"] == "done", done
    text = clinic.get(f"jobs/{done['id']}/report").text
    report = clinic.get(f"jobs/{done['id']}/report").json()
    assert "clinic (" in report["provenance"]["models"]["action_units"]["name"]
    assert report["provenance"]["settings"]["au_model"] == "clinic.safetensors"
    assert report["provenance"]["settings"]["route"] == "vision"
    assert str(weights.parent) not in text, "where the weights lie is nobody's business"
    assert report["micro_expressions"][0]["reading"]["model"].startswith("openai/toy")


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"au_model": "server"}, 404, "no model of action units of its own"),
        ({"au_model": "/etc/passwd"}, 422, "au_model"),
        ({"au_model": "../weights.safetensors"}, 422, "au_model"),
        ({"route": "vision", "llm": "none"}, 422, "that sees"),
        ({"route": "vision", "llm": "embedded", "told": True}, 422, "that sees"),
        ({"route": "vision", "llm": "server"}, 404, "no language model of its own"),
        ({"route": "smell"}, 422, "route"),
        ({"prompt": "/etc/passwd"}, 422, "prompt"),
        ({"landmarks": "/etc/passwd"}, 422, "landmarks"),
    ],
)
def test_clients_cannot_name_files_nor_models_that_are_not_offered(
    client: Client, job: str, settings: dict[str, str | bool], status: int, words: str
) -> None:
    media = client.get(f"jobs/{job}").json()["request"]["media"]
    answer = client.post("jobs", json={"media": media, "settings": settings})
    assert answer.status_code == status and words in answer.json()["error"]


def test_a_built_in_model_may_be_preferred(model: WritingModel) -> None:
    offers = Offers.of(ServerOptions(au_model="learned", llm=f"{model.spec},pictures=no"))
    assert offers.au_models == ("learned", "evidence") and offers.routes == ("flow",)
    with pytest.raises(InputError, match="sees no pictures"):
        offers.check(JobSettings(llm="server", route="vision"))


def test_the_work_is_another_where_the_weights_are_others(weights: Path) -> None:
    request = JobRequest(media="0" * 64, settings=JobSettings(au_model="server"))
    offers = Offers.of(ServerOptions(au_model=str(weights)))
    own = offers.identity_of(request.settings)
    assert request.key("1", own) != request.key("1", own | {"own au_model": "other weights"})
    assert str(weights.parent) not in str(own)
    assert offers.identity_of(JobSettings()) == {}
    assert offers.resolved(request.settings)["au_model"] == str(weights.resolve())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"au_model": "hope"}, "no action-unit model 'hope'"),
        ({"au_model": "nowhere.safetensors"}, "There is no file"),
        ({"llm": "embedded"}, "server of your own"),
    ],
)
def test_a_server_does_not_start_with_what_is_no_model(
    options: dict[str, str], words: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(InputError, match=words),
        serving(ServerOptions(store=tmp_path / "store", port=0, **options)),
    ):
        pass
    assert not (tmp_path / "store").exists()


def test_a_job_whose_model_is_gone_after_a_restart_says_so(
    weights: Path, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    with (
        serving(ServerOptions(store=tmp_path, port=0, au_model=str(weights), workers=0)) as address,
        client_of(address) as client,
    ):
        media = client.upload(smile_clip[0])
        request = {"media": media, "settings": {"au_model": "server"}}
        job = client.post("jobs", json=request).json()["id"]
    with serving(ServerOptions(store=tmp_path, port=0)) as address, client_of(address) as client:
        done = client.wait(job)
    assert done["state"] == "failed" and "choose `evidence` or `learned`" in done["error"]
