"""The program with everything that it needs to run without its system: libraries, authorities, licences."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import libraries
from libraries import DebianPackage

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
ZONES = Path("/usr/share/zoneinfo")


@dataclass
class Contents:
    """The copied files of Debian packages, for the bill of materials and the licences."""

    files: dict[Path, DebianPackage] = field(default_factory=dict)
    packages: set[DebianPackage] = field(default_factory=set)


def copy_libraries(program: Path, place) -> Contents:
    """Copies the program's libraries.

    `place` returns the file for a library's name.
    """
    found = libraries.of_program(program)
    owners = libraries.packages_of([library.file for library in found])
    for library in found:
        copy(library.file, place(library.name), 0o755)
    return Contents(files=owners, packages=set(owners.values()))


def copy_authorities(contents: Contents, file: Path) -> None:
    if not AUTHORITIES.exists():
        raise SystemExit(f"packaging: {AUTHORITIES} does not exist; install ca-certificates")
    copy(AUTHORITIES, file, 0o644)
    contents.packages.add(libraries.named("ca-certificates"))


def copy_zones(contents: Contents, folder: Path) -> None:
    """The time zones of retention rules, without the copies in posix/ and right/."""
    for path in sorted(ZONES.rglob("*")):
        name = path.relative_to(ZONES)
        if path.is_file() and name.parts[0] not in ("posix", "right") and name.suffix not in (".tab", ".zi", ".list"):
            copy(path.resolve(), folder / name, 0o644)
    contents.packages.add(libraries.named("tzdata"))


def copy_locale(contents: Contents, folder: Path) -> None:
    """The locale of UTF-8, which the archive library needs for names outside ASCII."""
    source = Path("/usr/lib/locale/C.utf8")
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy(path, folder / "C.utf8" / path.relative_to(source), 0o644)
    contents.packages.add(libraries.named("libc-bin"))


def copy_licences(contents: Contents, folder: Path) -> None:
    for package in sorted(contents.packages, key=lambda package: package.name):
        copyright = Path("/usr/share/doc") / package.name / "copyright"
        if not copyright.exists():
            raise SystemExit(f"packaging: {copyright} does not exist")
        copy(copyright.resolve(), folder / package.name / "copyright", 0o644)


def copy(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
