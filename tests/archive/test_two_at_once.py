"""Two surveys of one archive into one store, at the same time: each series is there once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.archive.made import Surveyor, write_archive
from tests.cli.conftest import TIMEOUT_S
from tests.store.conftest import address, server
from tests.store.postgres import PASSWORD, QUOTED

from ctiqa.score.scorer import Scorer

__all__ = ["address", "server"]

SERIES, COUNT = 12, 2


def test_two_surveys_at_once(address: str, tmp_path: Path, model: Path, scorer: Scorer) -> None:
    root = write_archive(tmp_path / "archive", SERIES, COUNT)
    (root / "letter.txt").write_text("Dear colleague")
    words = ["survey", str(root), "--store", address, "--model", str(model), "--jobs", "1"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "ctiqa", *words, "--out", str(tmp_path / f"{number}.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [process.communicate(timeout=TIMEOUT_S) for process in processes]
    assert [process.returncode for process in processes] == [3, 3], said
    counts = [json.loads((tmp_path / f"{number}.json").read_bytes()) for number in range(2)]
    assert sum(each["series"]["stored"] for each in counts) == SERIES
    for each in counts:
        assert each["series"]["stored"] + each["series"]["known"] == SERIES

    both = Surveyor(address, scorer)
    assert both.frame()["series_uid"].n_unique() == both.frame().height == SERIES
    assert both.frame("slices").height == SERIES * COUNT
    assert all(both.frame("runs")["ended"].is_not_null())
    done = both(root)
    assert (done.unchanged, done.stored) == (SERIES * COUNT + 1, 0)
    alone = Surveyor(str(tmp_path / "alone.sqlite"), scorer)
    alone(root)
    assert alone.digest() == both.digest()
    texts = [*(text for pair in said for text in pair), json.dumps(counts)]
    assert not [text for text in texts if PASSWORD in text or QUOTED in text]
