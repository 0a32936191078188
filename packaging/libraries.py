"""The shared libraries of a program, and the Debian packages that they come from."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

LOADER = Path("/lib64/ld-linux-x86-64.so.2")

# The C library loads these at run time: for names of hosts with a nsswitch.conf that names them, and for threads
# that are cancelled.
LOADED_LATER = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"]


@dataclass(frozen=True)
class Library:
    """A library by the name that programs load it by."""

    name: str
    file: Path


def of_program(program: Path) -> list[Library]:
    """All libraries that the program needs, in the order of their names, with the loader."""
    output = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    missing = re.findall(r"^\s*(\S+) => not found", output, re.MULTILINE)
    if missing:
        raise SystemExit(f"packaging: these libraries of {program} are not installed: {', '.join(missing)}")
    found = {name: Path(path) for name, path in re.findall(r"^\s*(\S+) => (/\S+)", output, re.MULTILINE)}
    folder = found["libc.so.6"].parent
    for name in LOADED_LATER:
        if (folder / name).exists():
            found.setdefault(name, folder / name)
    found[LOADER.name] = LOADER
    return [Library(name, found[name].resolve()) for name in sorted(found)]


@dataclass(frozen=True)
class DebianPackage:
    name: str
    version: str
    source: str
    architecture: str


def package_of(file: Path) -> str | None:
    """The name of the Debian package that installed the file."""
    # The lists have the file in /lib, of which /usr/lib is the other name, or in /usr/lib.
    for name in dict.fromkeys([str(file), str(file).removeprefix("/usr"), f"/usr{file}"]):
        search = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
        if search.returncode == 0:
            return search.stdout.split(":")[0]
    return None


def packages_of(files: list[Path]) -> dict[Path, DebianPackage]:
    """The Debian package of each file; a file without one is an error, since its source must be known."""
    known: dict[str, DebianPackage] = {}
    result = {}
    for file in files:
        name = package_of(file)
        if name is None:
            raise SystemExit(f"packaging: no Debian package has installed {file}")
        if name not in known:
            known[name] = named(name)
        result[file] = known[name]
    return result


def named(name: str) -> DebianPackage:
    form = "${Package}\t${Version}\t${source:Package}\t${Architecture}\n"
    shown = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={form}", name], check=True, capture_output=True, text=True
    ).stdout
    return DebianPackage(*shown.splitlines()[0].split("\t"))
