"""The installed files of dr, below one folder: what all packages ship."""

import json
import shutil
import subprocess
from pathlib import Path

import manual
from reproducible import gzipped

CHECKOUT = Path(__file__).resolve().parent.parent
OWN = CHECKOUT / "packaging"

COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/dr",
    "zsh": "usr/share/zsh/vendor-completions/_dr",
    "fish": "usr/share/fish/vendor_completions.d/dr.fish",
}

UNITS = "usr/lib/systemd/system"

# The stripped program. A larger one needs a reason, and a new limit.
LARGEST_PROGRAM = 40_000_000


def run(*words) -> str:
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def version(program: Path) -> str:
    return run(program, "--version").strip()


def put(folder: Path, name: str, content: bytes, mode: int = 0o644) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)


def stage(program: Path, folder: Path, epoch: int, has_program: bool = True) -> None:
    """Writes the tree. All of it comes from the program and the checkout, and nothing depends on the machine."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if has_program:
        put(folder, "usr/bin/dr", program.read_bytes(), 0o755)
        strip(folder / "usr/bin/dr")
    for shell, name in COMPLETIONS.items():
        put(folder, name, run(program, "--generate-completion-script", shell).encode())
    manual.write_pages(program, folder / "usr/share/man/man1", version(program), epoch)
    for unit in json.loads(run(program, "schedule", "show", "--packaged", "--json"))["files"]:
        put(folder, f"{UNITS}/{unit['name']}", unit["content"].encode())
    put(folder, f"{UNITS}/dr-serve.service", (OWN / "dr-serve.service").read_bytes())
    put(folder, "etc/dr/dr.yaml", run(program, "init", "--template").encode(), 0o640)
    put(folder, "etc/logrotate.d/dr", (OWN / "logrotate").read_bytes())
    put(folder, "usr/lib/sysusers.d/dr.conf", (OWN / "sysusers.conf").read_bytes())
    put(folder, "usr/lib/tmpfiles.d/dr.conf", (OWN / "tmpfiles.conf").read_bytes())
    documents(folder / "usr/share/doc/dr")
    # Modes must not depend on the umask.
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


def strip(program: Path) -> None:
    """Removes the symbols, and refuses a program that is too large or that names folders of the building machine."""
    run("strip", "--strip-unneeded", program)
    size = program.stat().st_size
    if size > LARGEST_PROGRAM:
        raise SystemExit(
            f"packaging: the stripped program has {size} bytes, {size - LARGEST_PROGRAM} more than the limit of {LARGEST_PROGRAM}"
        )
    checkout = f"{CHECKOUT}/".encode()
    content = program.read_bytes()
    if (place := content.find(checkout)) >= 0:
        path = content[place : place + 200].split(b"\0")[0].decode(errors="replace")
        raise SystemExit(f"packaging: the program contains the path {path} of this machine; build it with `make build`")


def documents(folder: Path) -> None:
    """The manual of the project, as text, with the schemas and the example of a cluster."""
    pages = [*sorted((CHECKOUT / "docs").glob("*.md")), *sorted((CHECKOUT / "docs").glob("*.json"))]
    for page in pages:
        put(folder, f"docs/{page.name}.gz", gzipped(page.read_bytes()))
    put(folder, "README.md.gz", gzipped((CHECKOUT / "README.md").read_bytes()))
    put(folder, "examples/cluster.yaml", (CHECKOUT / "deploy/dr.yaml").read_bytes())
