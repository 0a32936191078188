#!/usr/bin/env python3
"""Manual pages, one for each command, from the program's own description of its arguments.

usage: packaging/manual.py PROGRAM FOLDER: writes the pages without compression.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from reproducible import epoch, gzipped  # noqa: E402


def description(program: Path) -> dict:
    """The root command as the program describes it."""
    output = subprocess.run(
        [program, "--experimental-dump-help"], check=True, capture_output=True, text=True
    ).stdout
    return json.loads(output)["command"]


def commands(command: dict, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict]]:
    """The command and all its subcommands that are shown, with their full names."""
    name = above + (command["commandName"],)
    found = [(name, command)]
    for inner in command.get("subcommands", []):
        if inner.get("shouldDisplay", True) and inner["commandName"] != "help":
            found += commands(inner, name)
    return found


def page_name(name: tuple[str, ...]) -> str:
    """The name of the page of a command: dr-key-create.1."""
    return f"{'-'.join(name)}.1"


def pages(program: Path, version: str, time: int) -> dict[str, bytes]:
    """The pages of all commands by their names."""
    return {page_name(name): page(name, command, version, time).encode() for name, command in commands(description(program))}


def write_pages(program: Path, folder: Path, version: str, time: int) -> None:
    """Writes the compressed pages of all commands."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages(program, version, time).items():
        file = folder / f"{name}.gz"
        file.write_bytes(gzipped(content))
        file.chmod(0o644)


def page(name: tuple[str, ...], command: dict, version: str, epoch: int) -> str:
    """One page, in the macros of man(7)."""
    title = "-".join(name)
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    inner = [sub for sub in command.get("subcommands", []) if sub.get("shouldDisplay", True) and sub["commandName"] != "help"]
    lines = [
        f'.TH "{escaped(title.upper())}" 1 "{date}" "dr {version}" "User Commands"',
        ".SH NAME",
        f"{escaped(title)} \\- {escaped(command.get('abstract', '')).rstrip('.')}",
        ".SH SYNOPSIS",
        f".B {escaped(' '.join(name))}",
    ]
    lines += [synopsis(argument) for argument in shown]
    if inner:
        lines.append("\\fISUBCOMMAND\\fR")
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        lines += paragraphs(command["discussion"])
    if shown:
        lines.append(".SH OPTIONS")
    for argument in shown:
        lines += [".TP", heading(argument)]
        lines += paragraphs(argument.get("abstract") or "") or ["\\&"]
        values = argument.get("allValues")
        if values:
            lines += [".br", f"Values: {escaped(', '.join(values))}."]
        if argument.get("discussion"):
            lines += [".br", *paragraphs(argument["discussion"])]
    if inner:
        lines.append(".SH SUBCOMMANDS")
    for sub in inner:
        lines += [".TP", f".BR {escaped('-'.join(name + (sub['commandName'],)))} (1)", text(sub.get("abstract", "")) or "\\&"]
    others = [page_name(name[:-1])[:-2]] if len(name) > 1 else []
    lines += [".SH FILES", ".TP", ".I /etc/dr/dr.yaml", "The configuration, unless dr.yaml exists in the current folder."]
    lines.append(".SH SEE ALSO")
    lines.append("".join(f".BR {escaped(other)} (1),\n" for other in others) + "/usr/share/doc/dr")
    return "\n".join(line for line in lines if line) + "\n"


def synopsis(argument: dict) -> str:
    word = value(argument) if argument["kind"] == "positional" else option(argument["preferredName"], argument)
    repeated = f"{word}..." if argument.get("isRepeating") else word
    return f"[{repeated}]" if argument.get("isOptional") else repeated


def heading(argument: dict) -> str:
    if argument["kind"] == "positional":
        return value(argument)
    return ", ".join(option(name, argument) for name in argument["names"])


def option(name: dict, argument: dict) -> str:
    dashes = "-" if name["kind"] in ("short", "longWithSingleDash") else "--"
    word = f"\\fB{escaped(dashes + name['name'])}\\fR"
    return f"{word} {value(argument)}" if argument["kind"] == "option" else word


def value(argument: dict) -> str:
    return f"\\fI{escaped(argument.get('valueName') or 'value')}\\fR"


def paragraphs(source: str) -> list[str]:
    parts = [part for part in source.split("\n\n") if part.strip()]
    lines = []
    for number, part in enumerate(parts):
        lines += ([".PP"] if number else []) + [text(part)]
    return lines


def text(source: str) -> str:
    """Running text, with no line that starts with a control character of roff."""
    words = escaped(" ".join(source.split()))
    return f"\\&{words}" if words.startswith((".", "'")) else words


def escaped(source: str) -> str:
    return source.replace("\\", "\\e").replace("-", "\\-").replace("\u2019", "'")


def main() -> None:
    program, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.1"):
        old.unlink()
    for name, content in pages(program, version, epoch()).items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
