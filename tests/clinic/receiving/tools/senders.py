"""Real senders: dcmtk and pynetdicom."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

SECONDS = "20"


def dcmtk(program: str, port: int, *more: str, calling: str = "SENDER") -> tuple[int, str]:
    """Run a program of dcmtk that calls the listener; its exit status and what it says."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"needs {program} of dcmtk")
    limits = ["-to", SECONDS, "-ta", SECONDS, "-td", SECONDS]
    options = [] if "-aec" in more else ["-aec", "CTIQA"]
    ended = subprocess.run(
        [path, *limits, "-aet", calling, *options, *more[:-1], "127.0.0.1", str(port), *more[-1:]]
        if program == "storescu"
        else [path, *limits, "-aet", calling, *options, *more, "127.0.0.1", str(port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return ended.returncode, ended.stdout + ended.stderr


@contextmanager
def associated(
    port: int, *contexts: PresentationContext, calling: str = "SENDER", **more: Any
) -> Iterator[Association]:
    """An association of pynetdicom."""
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = int(SECONDS)
    entity.requested_contexts = list(contexts)
    more.setdefault("ae_title", "CTIQA")
    association = entity.associate("127.0.0.1", port, **more)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def rejection(association: Association) -> tuple[int, int, int]:
    """Result, source and reason of a rejection."""
    assert association.is_rejected
    answer: Any = association.acceptor.primitive
    return answer.result, answer.result_source, answer.diagnostic


def files_in(folder: Path) -> list[Path]:
    """DICOM files of a folder."""
    return sorted(folder.glob("*.dcm"))
