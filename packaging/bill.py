"""The bill of materials (SBOM) of an archive, in CycloneDX 1.5."""

import json
import time
import uuid
from pathlib import Path

from contents import Contents
from reproducible import sha256


def write(
    file: Path, version: str, epoch: int, program: Path, contents: Contents, resolved: Path
) -> None:
    """Lists the program, the Swift packages in it and the Debian packages of the copied files."""
    components = swift_packages(resolved) + debian_packages(contents)
    digest = sha256(program)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest + json.dumps(components))}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": {
                "type": "application",
                "bom-ref": "dr",
                "name": "dr",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": components,
        "dependencies": [{"ref": "dr", "dependsOn": [component["bom-ref"] for component in components]}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    file.chmod(0o644)


def swift_packages(resolved: Path) -> list[dict]:
    found = []
    for pin in json.loads(resolved.read_text())["pins"]:
        place = pin["location"].removeprefix("https://").removesuffix(".git")
        version = pin["state"].get("version") or pin["state"]["revision"]
        address = f"pkg:swift/{place}@{version}"
        found.append(
            {
                "type": "library",
                "bom-ref": address,
                "name": pin["identity"],
                "version": version,
                "purl": address,
                "properties": [{"name": "dr:revision", "value": pin["state"]["revision"]}],
            }
        )
    return sorted(found, key=lambda component: component["bom-ref"])


def debian_packages(contents: Contents) -> list[dict]:
    found = []
    for package in sorted(contents.packages, key=lambda package: package.name):
        address = f"pkg:deb/debian/{package.name}@{package.version.replace('+', '%2B').replace(':', '%3A')}?arch={package.architecture}"
        files = sorted(file for file, owner in contents.files.items() if owner == package)
        found.append(
            {
                "type": "library",
                "bom-ref": address,
                "name": package.name,
                "version": package.version,
                "purl": address,
                "properties": [{"name": "dr:source", "value": package.source}],
                "components": [
                    {
                        "type": "file",
                        "name": file.name,
                        "hashes": [{"alg": "SHA-256", "content": sha256(file)}],
                    }
                    for file in files
                ],
            }
        )
    return found
