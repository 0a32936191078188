"""The OCI image, as an archive of an OCI image layout. No daemon and no root is needed to build it."""

import hashlib
import json
import shutil
import subprocess
import time
from pathlib import Path

import bill
import contents
import stage
from reproducible import write_tar
from stage import CHECKOUT, put

USER = 65532
LIBRARIES = "usr/lib/x86_64-linux-gnu"


def build(program: Path, tree: Path, output: Path, work: Path, epoch: int, revision: str) -> Path:
    version = stage.version(program)
    root = work / "image-root"
    fill(root, tree, version, epoch)
    layout = work / "image-layout"
    shutil.rmtree(layout, ignore_errors=True)
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)
    layer = work / "layer.tar.gz"
    writable = {name: (USER, USER) for name in ["var/lib/dr", "var/cache/dr"]}
    plain = write_tar(root, layer, epoch, owners=writable)
    layer_blob = add(blobs, layer.read_bytes(), "application/vnd.oci.image.layer.v1.tar+gzip")
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    labels = {
        "org.opencontainers.image.title": "dr",
        "org.opencontainers.image.description": "Disaster recovery for a monitoring stack",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.documentation": "/usr/share/doc/dr",
    }
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": ["/usr/bin/dr"],
            "Cmd": ["--help"],
            "WorkingDir": "/",
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/var/lib/dr", "XDG_STATE_HOME=/var/lib"],
            "Volumes": {"/tmp": {}, "/var/lib/dr": {}},
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{plain}"]},
        "history": [{"created": created, "created_by": "packaging/image.py"}],
    }
    configuration_blob = add(blobs, document(configuration), "application/vnd.oci.image.config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": configuration_blob,
        "layers": [layer_blob],
        "annotations": labels,
    }
    manifest_blob = add(blobs, document(manifest), manifest["mediaType"])
    manifest_blob["annotations"] = {"org.opencontainers.image.ref.name": version}
    manifest_blob["platform"] = {"architecture": "amd64", "os": "linux"}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest_blob]}
    put(layout, "index.json", document(index))
    put(layout, "oci-layout", document({"imageLayoutVersion": "1.0.0"}))
    output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "usr/share/doc/dr/bill-of-materials.json", output / f"dr_{version}_amd64.image.cdx.json")
    file = output / f"dr_{version}_amd64.oci.tar"
    write_plain_tar(layout, file, epoch)
    return file


def fill(root: Path, tree: Path, version: str, epoch: int) -> None:
    """Writes the files of the image: no shell, no package manager, no other program."""
    shutil.rmtree(root, ignore_errors=True)
    program = root / "usr/bin/dr"
    contents.copy(tree / "usr/bin/dr", program, 0o755)

    def place(name: str) -> Path:
        return root / ("usr/lib64" if name == contents.libraries.LOADER.name else LIBRARIES) / name

    copied = contents.copy_libraries(program, place)
    for link in ["lib", "lib64", "bin"]:
        (root / link).symlink_to(f"usr/{link}")
    contents.copy_authorities(copied, root / str(contents.AUTHORITIES)[1:])
    contents.copy_zones(copied, root / "usr/share/zoneinfo")
    contents.copy_locale(copied, root / "usr/lib/locale")
    contents.copy_licences(copied, root / "usr/share/doc")
    put(root, "etc/passwd", f"root:x:0:0:root:/root:/sbin/nologin\ndr:x:{USER}:{USER}:dr:/var/lib/dr:/sbin/nologin\n".encode())
    put(root, "etc/group", f"root:x:0:\ndr:x:{USER}:\n".encode())
    put(root, "etc/nsswitch.conf", b"hosts: files dns\n")
    put(root, "usr/share/doc/dr/copyright", (stage.OWN / "copyright").read_bytes())
    put(root, "usr/share/doc/dr/LICENSE", (CHECKOUT / "LICENSE").read_bytes())
    for folder in ["etc/dr", "tmp", "var/lib/dr", "var/cache/dr", "proc", "sys", "dev", "run"]:
        (root / folder).mkdir(parents=True, exist_ok=True)
    bill.write(
        root / "usr/share/doc/dr/bill-of-materials.json", version, epoch, program, copied, CHECKOUT / "Package.resolved"
    )
    for path in [root, *root.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    (root / "tmp").chmod(0o1777)


def document(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def add(blobs: Path, content: bytes, kind: str) -> dict:
    digest = hashlib.sha256(content).hexdigest()
    put(blobs, digest, content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


def write_plain_tar(folder: Path, file: Path, epoch: int) -> None:
    """The layer is compressed already."""
    subprocess.run(
        [
            "tar", "--create", f"--file={file}", f"--directory={folder}", "--sort=name", f"--mtime=@{epoch}",
            "--owner=0", "--group=0", "--numeric-owner", "--format=gnu", "oci-layout", "index.json", "blobs",
        ],
        check=True,
    )
