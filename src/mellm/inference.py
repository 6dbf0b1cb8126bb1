"""OpenVINO, imported in this one place, with its analytics off.

`import openvino` by itself looks up an analytics host and writes a client id into the home folder. It does
neither where the package `openvino-telemetry` cannot be imported: it then takes a stand-in of its own that
does nothing. So that package is hidden here before the import, whatever the environment says, in every
process that imports `mellm`'s models. A program that imported OpenVINO before mellm has had it its own way.
"""

import sys
from typing import Any

# None in sys.modules makes `import openvino_telemetry` fail as if it were not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["genai", "ov"]


def genai() -> Any:
    """Return the module `openvino_genai`, imported at the first call."""
    import openvino_genai

    return openvino_genai
