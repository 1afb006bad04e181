"""The process that reads broken files, one after another, until something takes it down.

``python -m tests.fuzz.child TARGET SEED FIRST FOLDER`` says a line for each input: its number, how
it ended, and what was found wrong.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
from itertools import count
from pathlib import Path

from tests.corpus.bounded import children, peak_mb
from tests.fuzz.seeds import NAME
from tests.fuzz.targets import TARGETS, Input, Target, make_input

MAX_PEAK_MB = 512
MAX_ADDRESSES = 6 << 30
"""Addresses this process may use, in bytes: past any fault worth telling, short of the machine."""

HERE = str(Path(__file__).parents[2])

Verdict = tuple[str, str, str]
"""How an input ended; and, where that must not be, what kind of finding it is and what was seen."""


def examine(target: Target, made: Input, path: Path) -> Verdict:
    """Read one input."""
    path.write_bytes(made.content)
    try:
        end, texts = target.door(path, made.lenient)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        return "error", "uncaught", f"{type(error).__name__} at {_place(error)}: {str(error)[:200]}"
    for text in texts:
        if wrong := _wrong_text(text, made):
            return end, "text", f"{wrong}: {text[:200]!r}"
    peak = max(map(peak_mb, children()))
    return (end, "memory", f"{peak:.0f} MB") if peak > MAX_PEAK_MB else (end, "", "")


def _place(error: BaseException) -> str:
    """The last line of ctiqa that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/ctiqa/" in frame.filename] or list(frames)
    return f"{ours[-1].filename.removeprefix(HERE)}:{ours[-1].lineno}"


def _wrong_text(text: str, made: Input) -> str:
    if made.is_named and NAME[:7].decode().lower() in text.lower():
        return "names the patient"
    # Errors about recipes and indexes list one problem a line.
    return "" if text.replace("\n", "").isprintable() else "is not printable"


def prepare(target: Target, folder: Path) -> Path:
    """Lay the files beside a target's file; returns where that one goes."""
    for name, content in target.beside().items():
        (folder / name).write_bytes(content)
    return folder / target.file


def main(name: str, seed: int, first: int, folder: Path) -> None:
    """Read inputs for ever; ends itself where memory was exceeded, for its peak stays."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))
    target = TARGETS[name]
    path = prepare(target, folder)
    print("ready", flush=True)
    for number in count(first):
        verdict = examine(target, make_input(target, seed, number), path)
        print(json.dumps([number, *verdict]), flush=True)
        if verdict[1] == "memory":
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
