"""Pictures of outliers from the files of a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.diff.made import phantoms, write_scan

from ctiqa.io import read_scans
from ctiqa.store.content import content_digest
from ctiqa.store.keys import SeriesKey
from ctiqa.store.privacy import Privacy
from ctiqa.trends.output.thumbnails import SIDE, find_thumbnails, thumbnail_png


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_scan(folder / "one", phantoms(3, seed=1), "1.2.1")
    write_scan(folder / "deep" / "two", phantoms(3, seed=2), "1.2.2")
    np.save(folder / "Meier^Hans.npy", phantoms(1, seed=3)[0])
    (folder / "notes.txt").write_text("hello")
    return folder


@pytest.mark.parametrize("uids", ["plain", "hashed"])
def test_series_are_found_by_the_names_of_the_store(root: Path, uids: str) -> None:
    privacy = Privacy(uids="hashed" if uids == "hashed" else "plain")
    wanted = [privacy.uid("1.2.2"), privacy.uid("1.2.9")]
    found = find_thumbnails(wanted, root, privacy)
    assert list(found) == [privacy.uid("1.2.2")]
    assert (wanted[0] == "1.2.2") is (uids == "plain")
    picture = found[wanted[0]]
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[k : k + 4]) for k in (16, 20))
    assert 0 < max(width, height) <= SIDE
    assert len(picture) < 30_000


def test_another_store_has_other_names(root: Path) -> None:
    wanted = Privacy(uids="hashed").uid("1.2.1")
    assert find_thumbnails([wanted], root, Privacy(uids="hashed")) == {}


def test_a_series_without_a_uid_is_found_by_its_content(root: Path) -> None:
    [scan] = read_scans(root / "Meier^Hans.npy").scans
    for privacy in (Privacy(), Privacy(uids="hashed")):
        name = privacy.series_uid(SeriesKey(scan.series_uid, content_digest(scan), "", ""))
        assert "Meier" not in name
        assert list(find_thumbnails([name], root, privacy)) == [name]


def test_a_series_that_cannot_be_read_has_no_picture(tmp_path: Path) -> None:
    write_scan(tmp_path / "one", phantoms(1, seed=1), "1.2.1")
    [file] = (tmp_path / "one").iterdir()
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    assert find_thumbnails(["1.2.1"], tmp_path, Privacy()) == {}


def test_a_slice_of_air_is_a_picture() -> None:
    assert thumbnail_png(np.full((512, 512), -1000, np.float32)).startswith(b"\x89PNG")
