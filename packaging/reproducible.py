"""Archives whose bytes depend only on their content and one time."""

import gzip
import hashlib
import os
import subprocess
import tarfile
from pathlib import Path


def epoch() -> int:
    """The time of all files: SOURCE_DATE_EPOCH, else the time of the checkout's commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    checkout = Path(__file__).resolve().parent.parent
    words = ["git", "-C", checkout, "log", "-1", "--format=%ct"]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def gzipped(content: bytes) -> bytes:
    """The content, compressed without a name and a time."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_tar(folder: Path, file: Path, epoch: int, prefix: str = "", owners: dict[str, tuple[int, int]] | None = None) -> str:
    """Writes a folder as a gzip-compressed tar file.

    All entries have the time `epoch`, and belong to root unless `owners` has numbers for their path.
    Returns the SHA-256 of the uncompressed tar file.
    """
    owners = owners or {}
    plain = Hashing()
    with file.open("wb") as raw, gzip.GzipFile(
        filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0
    ) as compressed:
        plain.output = compressed
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(folder.rglob("*"), key=lambda path: os.fsencode(path.relative_to(folder))):
                name = str(path.relative_to(folder))
                entry = archive.gettarinfo(path, arcname=f"{prefix}{name}")
                if entry.islnk():
                    # A hard link would depend on the order of the files' numbers.
                    entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", path.stat().st_size
                entry.mtime = epoch
                entry.uid, entry.gid = owners.get(name, (0, 0))
                entry.uname = entry.gname = ""
                if entry.isreg():
                    with path.open("rb") as content:
                        archive.addfile(entry, content)
                else:
                    archive.addfile(entry)
    return plain.digest.hexdigest()


class Hashing:
    """A stream that hashes all bytes on their way."""

    def __init__(self):
        self.digest = hashlib.sha256()
        self.output = None
        self.position = 0

    def write(self, block: bytes) -> int:
        self.digest.update(block)
        self.position += len(block)
        return self.output.write(block)

    def tell(self) -> int:
        return self.position
