"""Parsers are kept quiet, and everything else in the process stays as it was."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.io import make

from ctiqa.errors import RefusedError
from ctiqa.io import find_scans, read_slice
from ctiqa.io.silence import LOGGERS, captured_stderr, foreign, silent


def state() -> dict[str, Any]:
    """All that a parser's silence could leave behind in the process."""
    loggers = [logging.getLogger(name) for name in ("", *LOGGERS, "pydicom.pixels", "nibabel")]
    return {
        "filters": list(warnings.filters),
        "list": id(warnings.filters),
        "show": warnings.showwarning,
        "loggers": [
            (each.level, each.propagate, each.disabled, list(each.handlers), list(each.filters))
            for each in loggers
        ],
        "fd": os.fstat(2).st_ino,
        "stderr": sys.stderr,
    }


def together(work: Callable[[int], object], count: int = 8, rounds: int = 40) -> None:
    """Do something in many threads that all begin at once."""
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait()
        for _ in range(rounds):
            work(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def test_threads_that_read_at_once_leave_everything_as_it_was(tmp_path: Path) -> None:
    kinds = [make.EXPLICIT, make.JPEG_LS, make.RLE]
    files = [make.write_ct(tmp_path / f"{k}.dcm", syntax=kind) for k, kind in enumerate(kinds)]
    files += [tmp_path / "broken.dcm"]
    files[-1].write_bytes(files[0].read_bytes()[:900])
    find_scans(files)
    before = state()

    def read(number: int) -> None:
        for scan in find_scans([files[number % len(files)]]).scans:
            read_slice(scan.headers[0])

    together(read, rounds=5)
    assert state() == before


def test_overlapping_silences_end_in_any_order() -> None:
    before = state()
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with silent():
            inside.set()
            leave.wait(30)

    with silent():
        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait(30)
    leave.set()
    holder.join()
    assert state() == before


def test_what_others_say_meanwhile_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    inside, leave = threading.Event(), threading.Event()

    def parse() -> None:
        with silent():
            warnings.warn(make.PATIENT, stacklevel=1)
            logging.getLogger("pydicom").warning(make.PATIENT)
            inside.set()
            leave.wait(30)

    parser = threading.Thread(target=parse)
    parser.start()
    inside.wait(30)
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)
    logging.getLogger("pydicom").warning("mine")
    leave.set()
    parser.join()
    assert caplog.messages == ["mine"]


def test_warnings_of_many_threads_are_told_apart() -> None:
    heard: list[str] = []

    def speak(number: int) -> None:
        if number % 2:
            with silent():
                warnings.warn(make.PATIENT, stacklevel=1)
        else:
            warnings.warn(f"{number}", stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: heard.append(str(message))
        together(speak)
    assert sorted(set(heard)) == ["0", "2", "4", "6"]
    assert len(heard) == 4 * 40


def test_silence_within_somebody_elses_catch_of_warnings() -> None:
    before = state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with silent(), warnings.catch_warnings():
            warnings.simplefilter("error")
            with silent():
                warnings.warn(make.PATIENT, stacklevel=1)
        with pytest.raises(UserWarning, match="mine"):
            warnings.warn("mine", stacklevel=1)
    assert state() == before


def test_loggers_made_meanwhile_are_quiet_too(caplog: pytest.LogCaptureFixture) -> None:
    with silent():
        late = logging.getLogger("pydicom.made.late")
        with silent():
            late.error(make.PATIENT)
    late.error("heard")
    assert caplog.messages == ["heard"]


def test_handlers_of_the_user_hear_nothing_of_patients() -> None:
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("pydicom")
    logger.addHandler(handler)
    try:
        with silent():
            logger.warning(make.PATIENT)
            logging.getLogger("pydicom.pixels.decoders.base").warning(make.PATIENT)
        logger.warning("mine")
    finally:
        logger.removeHandler(handler)
    assert heard == ["mine"]


def test_an_error_ends_the_silence() -> None:
    before = state()
    with pytest.raises(RefusedError), foreign("the header"):
        raise ValueError
    with pytest.raises(KeyboardInterrupt), silent():
        raise KeyboardInterrupt
    assert state() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_process_forked_off_a_silent_one_can_read(tmp_path: Path) -> None:
    file = make.write_ct(tmp_path / "a.dcm")
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with silent():
            inside.set()
            leave.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if len(find_scans([file]).scans) == 1 and not _is_marked() else 1)
    _, status = os.waitpid(child, 0)
    leave.set()
    holder.join()
    assert os.waitstatus_to_exitcode(status) == 0


def _is_marked() -> bool:
    return any(logging.getLogger(name).filters for name in LOGGERS)


def test_standard_error_is_given_back_by_many_threads(capfd: pytest.CaptureFixture[str]) -> None:
    before = os.fstat(2).st_ino

    def speak(number: int) -> None:
        with captured_stderr() as said:
            os.write(2, b"%d" % number)
            said.seek(0)
            assert said.read() == b"%d" % number

    together(speak)
    assert os.fstat(2).st_ino == before
    assert capfd.readouterr().err == ""
