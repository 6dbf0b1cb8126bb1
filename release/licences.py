"""Licences of everything that is installed beside mellm, and an SBOM of it (CycloneDX 1.6 JSON).

python release/licences.py requirements/core.txt              # a table; exit code 1: a licence is unknown
python release/licences.py requirements/core.txt --sbom FILE  # the SBOM too

Reads the installed packages' own metadata: nothing is fetched. Packages of other systems, which the pinned
file names under a condition, are left out.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class Package:
    """An installed package: name, version, licence as its maker writes it ("" where nowhere)."""

    name: str
    version: str
    licence: str


def pinned(file: Path) -> list[str]:
    """Return the names in a file of pinned requirements."""
    lines = file.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)==", line) for line in lines)
    return sorted({match[1].lower() for match in found if match})


def licence_of(found: Distribution) -> str:
    """Return the licence: the SPDX expression, else the classifiers, else the first line of the free text."""
    about = found.metadata
    if expression := about.get("License-Expression"):
        return expression
    classified = [
        c.split(" :: ")[-1] for c in about.get_all("Classifier") or [] if c.startswith("License ::")
    ]
    named = [name for name in classified if name != "OSI Approved"]
    text = (about.get("License") or "").strip().splitlines()
    return " AND ".join(named) or (text[0] if text else "")


def installed(names: list[str]) -> tuple[list[Package], list[str]]:
    """Return the packages that are here, and the names of those that are not."""
    here, absent = [], []
    for name in names:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            absent.append(name)
        else:
            here.append(Package(name, found.version, licence_of(found)))
    return here, absent


def sbom(packages: list[Package]) -> dict[str, object]:
    """Return a CycloneDX 1.6 bill of materials of mellm and the packages."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{p.name}@{p.version}",
            "name": p.name,
            "version": p.version,
            "purl": f"pkg:pypi/{p.name}@{p.version}",
            "licenses": [{"license": {"name": p.licence}}] if p.licence else [],
        }
        for p in packages
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "application", "name": "mellm", "version": version("mellm")},
        },
        "components": components,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("requirements", type=Path, nargs="+")
    parser.add_argument("--sbom", type=Path)
    arguments = parser.parse_args()
    names = sorted({name for file in arguments.requirements for name in pinned(file)})
    packages, absent = installed(names)
    for package in packages:
        print(f"{package.name:32} {package.version:16} {package.licence or 'UNKNOWN'}")
    if absent:
        print(f"not installed here: {', '.join(absent)}", file=sys.stderr)
    if arguments.sbom:
        arguments.sbom.write_text(json.dumps(sbom(packages), indent=2) + "\n", encoding="utf-8")
    if unknown := [package.name for package in packages if not package.licence]:
        raise SystemExit(f"no licence in the metadata of: {', '.join(unknown)}")


if __name__ == "__main__":
    main()
