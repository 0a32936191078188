"""The Debian package."""

import hashlib
import shutil
import subprocess
from email.utils import formatdate
from pathlib import Path

import stage
from reproducible import gzipped
from stage import CHECKOUT, OWN, put

MAINTAINER = "dr maintainers <dr@packages.invalid>"


def build(program: Path, tree: Path, output: Path, work: Path, epoch: int) -> Path:
    version = stage.version(program)
    folder = work / "deb"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree, folder, symlinks=True)
    documents = folder / "usr/share/doc/dr"
    put(documents, "copyright", (OWN / "copyright").read_bytes())
    put(documents, "changelog.gz", gzipped((CHECKOUT / "CHANGELOG.md").read_bytes()))
    put(folder, "usr/share/lintian/overrides/dr", (OWN / "lintian-overrides").read_bytes())
    change = (
        f"dr ({version}-1) unstable; urgency=medium\n\n  * Release {version}. See changelog.gz.\n\n"
        f" -- {MAINTAINER}  {formatdate(epoch)}\n"
    )
    put(documents, "changelog.Debian.gz", gzipped(change.encode()))
    control(folder, version, depends(folder / "usr/bin/dr", work))
    file = output / f"dr_{version}_amd64.deb"
    output.mkdir(parents=True, exist_ok=True)
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    folder.chmod(0o755)
    # One thread: the number of threads changes xz's blocks.
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "-z3", "--build", folder, file],
        check=True,
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": str(epoch)},
    )
    return file


def depends(program: Path, work: Path) -> str:
    """The packages of the program's libraries, with their oldest sufficient versions."""
    folder = work / "shlibdeps"
    put(folder, "debian/control", b"Source: dr\n\nPackage: dr\nArchitecture: amd64\n")
    output = subprocess.run(
        ["dpkg-shlibdeps", "-O", "-e", program], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    return output.strip().removeprefix("shlibs:Depends=")


def control(folder: Path, version: str, depends: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum((file.stat().st_size + 1023) // 1024 for file in files)
    text = (OWN / "deb/control").read_text()
    for name, value in {
        "version": f"{version}-1", "depends": depends, "size": str(size), "maintainer": MAINTAINER,
    }.items():
        text = text.replace(f"@{name}@", value)
    sums = "".join(
        f"{md5(file)}  {file.relative_to(folder)}\n" for file in sorted(files) if "/etc/" not in f"/{file.relative_to(folder)}"
    )
    put(folder, "DEBIAN/control", text.encode())
    put(folder, "DEBIAN/md5sums", sums.encode())
    configuration = sorted(f"/{file.relative_to(folder)}\n" for file in files if file.relative_to(folder).parts[0] == "etc")
    put(folder, "DEBIAN/conffiles", "".join(configuration).encode())
    for script in ["postinst", "prerm", "postrm"]:
        put(folder, f"DEBIAN/{script}", (OWN / "deb" / script).read_bytes(), 0o755)


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()
