"""What a release says about itself, and the programs that check one."""

import json
import re
import runpy
import sys
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from mellm.version import __version__

ROOT = Path(__file__).parents[1]
LICENCES = str(ROOT / "release" / "licences.py")
ALL = runpy.run_path(str(ROOT / "release" / "import_all.py"))


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert __version__ == project["version"] == cited[1]


def test_every_extra_for_users_is_known_to_the_import_check() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(ALL["PACKAGES"]) == set(extras["optional-dependencies"]) - {"dev"}


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT\nLicense: old words", "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License\nLicense: BSD", "BSD License"),
        ("License: Apache-2.0", "Apache-2.0"),
        ("Classifier: License :: OSI Approved", ""),
    ],
)
def test_the_licence_is_read_where_makers_write_it(metadata: str, licence: str, tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{metadata}\n")
    assert runpy.run_path(LICENCES)["licence_of"](PathDistribution(tmp_path)) == licence


def test_the_bill_of_materials_has_the_pinned_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sbom.json"
    monkeypatch.setattr(sys, "argv", ["", str(ROOT / "requirements" / "core.txt"), "--sbom", str(out)])
    runpy.run_path(LICENCES, run_name="__main__")
    bill = json.loads(out.read_text())
    names = {part["name"] for part in bill["components"]}
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", __version__)
    assert {"numpy", "openvino", "pydantic"} <= names
    assert all(part["licenses"] for part in bill["components"])
    assert "numpy" in capsys.readouterr().out
