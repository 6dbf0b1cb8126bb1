"""OpenVINO's analytics are off in every process, whatever its environment and whatever is installed."""

import os
import subprocess
import sys

ASKED = (
    "import mellm.inference, sys\n"
    "from openvino.tools.ovc import telemetry_utils\n"
    "print(telemetry_utils.tm.__name__, 'openvino_telemetry.main' in sys.modules)"
)


def test_openvino_takes_its_own_stand_in_for_analytics() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "False"]
