"""Model, calibration, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clinic.config.checks.made import Found, config, found
from tests.score.tiny_model import write_model

from ctiqa.clinic.config.checks.scoring import check_scoring
from ctiqa.system.processor import usable_cores

LIMITS = "[[limits]]\nleast_score = 2.5\n"
HOOK = {"kind": "webhook", "name": "a", "url": "http://h"}


def checked(folder: Path, **values: Any) -> Found:
    return found(check_scoring(config(folder, **values)))


def test_the_shipped_model(tmp_path: Path) -> None:
    state, sentence = checked(tmp_path)["score.model"]
    assert (state, "SHA-256 verified" in sentence) == ("ok", True)


def test_an_altered_model(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    assert checked(tmp_path, score={"model": str(model)})["score.model"][0] == "ok"
    model.write_bytes(model.read_bytes() + b"\0")
    assert checked(tmp_path, score={"model": str(model)})["score.model"][0] == "broken"


@pytest.mark.parametrize(
    ("score", "place", "state"),
    [
        ({"model": "no-such-model"}, "score.model", "broken"),
        ({"engine": "abacus"}, "score.model", "broken"),
        ({"calibration": "/no/such.json"}, "score.calibration", "broken"),
        ({"workers": 64}, "score.workers", "warning" if usable_cores() < 64 else None),
        ({"workers": 1}, "score.workers", None),
    ],
)
def test_what_is_wrong(score: Any, place: str, state: str | None, tmp_path: Path) -> None:
    assert checked(tmp_path, score=score).get(place, (None, ""))[0] == state


def test_limits(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    watch = {"limits": str(file)}
    assert checked(tmp_path, watch=watch)["watch.limits"][0] == "broken"
    file.write_text(LIMITS)
    assert checked(tmp_path, watch=watch)["watch.limits"][0] == "warning"
    assert checked(tmp_path, watch=watch, alert=[HOOK])["watch.limits"][0] == "ok"
    file.write_text("[[limits]]\nleast_skore = 2.5\n")
    assert "least_skore" in checked(tmp_path, watch=watch, alert=[HOOK])["watch.limits"][1]
