"""ZIP archives: several series in one, and those that cannot be read."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from tests.archive.made import Surveyor, opened, touch, uid, write_slices

from ctiqa.archive.choice import Choice
from ctiqa.io.access import archives


def write_zip(path: Path, files: Sequence[Path], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for each in files:
            archive.write(each, f"{each.parent.name}/{each.name}")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three series outside the archive."""
    return [
        each
        for number in range(3)
        for each in write_slices(
            tmp_path / "loose", number, ProtocolName="Head" if number == 1 else "Thorax"
        )
    ]


@pytest.fixture
def root(tmp_path: Path, files: list[Path]) -> Path:
    write_zip(tmp_path / "archive" / "export.zip", files)
    return tmp_path / "archive"


def test_several_series_in_one_archive(survey: Surveyor, root: Path) -> None:
    done = survey(root)
    assert (done.listed, done.stored, done.skipped) == (1, 3, {})
    with opened(root) as read:
        done = survey(root)
    assert (read, done.unchanged, done.stored) == ([], 1, 0)


def test_an_archive_is_known_unpacked(survey: Surveyor, root: Path, files: list[Path]) -> None:
    survey(root)
    assert survey(files[0].parent).known == 3


@pytest.mark.parametrize("after", [1, 2])
def test_a_stop_between_the_series_of_an_archive(
    survey: Surveyor, root: Path, tmp_path: Path, after: int
) -> None:
    stop = Event()

    def tell(stage: str, done: int, _total: int) -> None:
        # An archive counts by its slices, of which each series has two.
        if stage == "surveying" and done > 2 * after:
            stop.set()

    done = survey(root, progress=tell, stop=stop)
    assert done.stopped
    assert done.stored == after
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (3 - after, after, 0)
    assert len(survey.scored) == 3 - after
    assert survey(root).unchanged == 1
    other = Surveyor(str(tmp_path / "other.sqlite"), survey.scorer)
    other(root)
    assert other.digest() == survey.digest()


def test_a_loose_slice_of_a_series_in_an_archive(survey: Surveyor, root: Path) -> None:
    """Whichever of its series it belongs to."""
    survey(root)
    for number in range(3):
        write_slices(root / "more", number, 1, first=2)
        done = survey(root)
        assert done.stored == 1
        assert survey.current()[uid(number)] == 3
    assert survey(root).unchanged == 4


def test_an_archive_that_has_changed(
    survey: Surveyor, root: Path, files: list[Path], tmp_path: Path
) -> None:
    survey(root)
    write_zip(root / "export.zip", [*files, *write_slices(tmp_path / "loose", 8)])
    touch(root / "export.zip")
    done = survey(root)
    assert (done.stored, done.known) == (1, 3)
    (root / "export.zip").unlink()
    write_slices(root, 5)
    assert survey(root).gone == 1


def test_another_choice_looks_into_an_archive_again(survey: Surveyor, root: Path) -> None:
    head = Choice.parse(where=["protocol=Head"])
    done = survey(root, choice=head)
    assert (done.stored, done.left_out) == (1, 2)
    assert survey(root, choice=head).unchanged == 1
    done = survey(root)
    assert (done.stored, done.known, done.left_out) == (2, 1, 0)


def test_damaged_and_foreign_archives(survey: Surveyor, root: Path, files: list[Path]) -> None:
    whole = (root / "export.zip").read_bytes()
    (root / "cut.zip").write_bytes(whole[: len(whole) // 2])
    write_zip(root / "nested.zip", [write_zip(root.parent / "in" / "inner.zip", files[:1])])
    (root / "letter.txt").write_text("Dear colleague")
    write_zip(root / "text.zip", [root / "letter.txt"])
    done = survey(root)
    assert done.stored == 3
    skipped = {Path(name).name: reason for name, reason in done.skipped.items()}
    assert skipped == {
        "cut.zip": "corrupt",
        "nested.zip": "unknown_format",
        "letter.txt": "unknown_format",
        "text.zip": "unknown_format",
    }
    assert survey(root).is_complete
    (root / "cut.zip").write_bytes(whole)
    # All its files are copies of those in the other archive.
    done = survey(root)
    assert (done.stored, done.known) == (0, 3)


def test_a_damaged_archive_that_is_mended(survey: Surveyor, root: Path) -> None:
    whole = (root / "export.zip").read_bytes()
    (root / "export.zip").write_bytes(whole[: len(whole) // 2])
    assert survey(root).reasons == {"corrupt": 1}
    (root / "export.zip").write_bytes(whole)
    assert survey(root).stored == 3
    assert survey.reasons() == {}


def test_an_encrypted_archive(survey: Surveyor, root: Path) -> None:
    content = bytearray((root / "export.zip").read_bytes())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            content[at + place] |= archives.ENCRYPTED
            at = content.find(sign, at + 1)
    (root / "export.zip").write_bytes(bytes(content))
    done = survey(root)
    assert done.stored == 0
    assert done.skipped == {str(root / "export.zip"): "unknown_format"}
    assert survey(root).unchanged == 1


def test_a_bomb_costs_itself_alone(
    survey: Surveyor, root: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = files[0].parent / "bomb.dcm"
    bomb.write_bytes(files[0].read_bytes() + bytes(1 << 20))
    write_zip(root / "bomb.zip", [*files[2:4], bomb])
    (root / "export.zip").unlink()
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 1 << 20)
    done = survey(root)
    assert done.stored == 1
    assert done.skipped == {str(root / "bomb.zip" / "loose" / "bomb.dcm"): "too_large"}
    assert survey(root).unchanged == 1


def test_an_archive_that_unpacks_to_too_much(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 1 << 16)
    done = survey(root)
    assert done.skipped == {str(root / "export.zip"): "too_large"}


def test_a_damaged_member_is_named(survey: Surveyor, root: Path, files: list[Path]) -> None:
    path = write_zip(root / "export.zip", files, zipfile.ZIP_STORED)
    content = path.read_bytes()
    slice_bytes = files[1].read_bytes()
    at = content.index(slice_bytes[-64 * 1024 :]) + 1000
    path.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    done = survey(root)
    assert done.stored == 3
    assert done.skipped == {f"{path}/loose/0-001.dcm": "corrupt"}
    assert survey(root).unchanged == 1
