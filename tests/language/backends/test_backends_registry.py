import subprocess
import sys

import pytest

from mellm.errors import InputError
from mellm.language.backends import backend_specs, create_backend
from mellm.language.backends.openai import OpenAIBackend


def test_a_spec_says_all_about_a_server():
    backend = create_backend("openai:http://127.0.0.1:9/v1?a,b,model=Qwen/Qwen3-8B,pictures=no,timeout=5")
    assert isinstance(backend, OpenAIBackend)
    assert backend.name == "openai/Qwen/Qwen3-8B at 127.0.0.1:9"
    assert not backend.sees
    assert backend._client.server.url == "http://127.0.0.1:9/v1?a,b"
    assert backend._client.server.silence == 5.0


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("gpt", r"no language model 'gpt'; write one of: embedded; .*openai:URL\[,model=\.\.\.\]"),
        ("none", "`none` means that no language model is asked"),
        ("openai", "write it as openai:URL"),
        ("embedded:x", "write it as embedded"),
        ("openai:http://h/v1,mode=x", "'mode' in .* is no option of openai"),
        ("openai:http://h/v1,pictures=maybe", "no such value: write yes or no"),
        ("openai:http://h/v1,timeout=long", "no such value"),
        ("openai:http://h/v1,timeout=0", "no such value: write a number of seconds above 0"),
        ("openai:http://h/v1,timeout=nan", "no such value: write a number of seconds above 0"),
        ("openai:http://h/v1,timeout=inf", "no such value: write a number of seconds above 0"),
        ("openai:http://h/v1,retries=-1", "no such value: write a whole number from 0"),
    ],
)
def test_a_spec_that_is_none(spec, sentence):
    with pytest.raises(InputError, match=sentence):
        create_backend(spec)


def test_specs_are_listed():
    assert "embedded" in backend_specs()


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    for name in [m for m in sys.modules if m.split(".")[0] == "transformers" or "local_model" in m]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "mellm.language.backends.transformers", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"needs the package torch: pip install 'mellm\[train\]'"):
        create_backend(f"transformers:{tmp_path}")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("mellm.language.backends.openai", ("torch", "transformers")),
        ("mellm, mellm.analysis.analyzer, mellm.language.backends, mellm.cli", ("torch", "httpx")),
    ],
)
def test_packages_are_imported_by_those_who_need_them(module, absent):
    code = f"import sys; import {module}; sys.exit(any(m in sys.modules for m in {absent!r}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
