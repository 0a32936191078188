"""The portable archive: the program with its own C library, for any Linux on x86-64."""

import shutil
from pathlib import Path

import bill
import contents
import stage
from reproducible import sha256, write_tar
from stage import CHECKOUT, OWN, put


def build(program: Path, tree: Path, output: Path, work: Path, epoch: int) -> Path:
    version = stage.version(program)
    name = f"dr-{version}-linux-x86_64"
    folder = work / "portable"
    shutil.rmtree(folder, ignore_errors=True)
    put(folder, "dr", (OWN / "portable.sh").read_bytes(), 0o755)
    contents.copy(tree / "usr/bin/dr", folder / "lib/dr", 0o755)
    copied = contents.copy_libraries(folder / "lib/dr", lambda library: folder / "lib" / library)
    contents.copy_authorities(copied, folder / "share/ca-certificates.crt")
    contents.copy_zones(copied, folder / "share/zoneinfo")
    contents.copy_locale(copied, folder / "lib/locale")
    contents.copy_licences(copied, folder / "share/licences")
    put(folder, "share/licences/dr/LICENSE", (CHECKOUT / "LICENSE").read_bytes())
    put(folder, "share/licences/dr/copyright", (OWN / "copyright").read_bytes())
    put(folder, "README.md", (CHECKOUT / "docs/portable.md").read_bytes())
    for page in ["recover-from-nothing.md", "recover-without-dr.md", "restore.md", "keys.md"]:
        put(folder, f"docs/{page}", (CHECKOUT / "docs" / page).read_bytes())
    shutil.copytree(tree / "usr/share/man/man1", folder / "man/man1")
    for source, target in [("bash", "dr.bash"), ("zsh", "_dr"), ("fish", "dr.fish")]:
        contents.copy(tree / stage.COMPLETIONS[source], folder / "share/completions" / target, 0o644)
    bill.write(folder / "share/bill-of-materials.json", version, epoch, folder / "lib/dr", copied, CHECKOUT / "Package.resolved")
    sums = "".join(
        f"{sha256(file)}  {file.relative_to(folder)}\n" for file in sorted(folder.rglob("*")) if file.is_file()
    )
    put(folder, "SHA256SUMS", sums.encode())
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    output.mkdir(parents=True, exist_ok=True)
    file = output / f"{name}.tar.gz"
    outer = work / "portable-outer"
    shutil.rmtree(outer, ignore_errors=True)
    outer.mkdir()
    folder.rename(outer / name)
    write_tar(outer, file, epoch)
    put(output, f"{file.name}.sha256", f"{sha256(file)}  {file.name}\n".encode())
    return file
