"""Whole comparisons of phantoms whose difference is known, and of what cannot be compared."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.diff.made import NOISE_HU, phantoms, write_scan
from tests.score.made import write_dicom, write_series

import ctiqa
from ctiqa import Comparison, Scorer, SliceRange, compare_scans
from ctiqa.diff.matching.pairs import Why
from ctiqa.diff.matching.relation import Relation
from ctiqa.diff.verdict import Code
from ctiqa.errors import DataError, NothingToDoError, UsageError
from ctiqa.physics import Kernel


@pytest.fixture(scope="module")
def halved(full: Path, half: Path, scorer: Scorer) -> Comparison:
    return compare_scans(full, half, scorer=scorer)


def test_half_the_dose_has_root_two_of_the_noise(halved: Comparison) -> None:
    found = halved.differences["quantum_noise_hu"]
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= math.log(2) / 2 <= found.high
    assert found.value == pytest.approx(math.log(2) / 2, abs=0.06)
    assert (halved.found.rule, found.n) == ("position", 6)


def test_the_verdict_on_half_the_dose(halved: Comparison) -> None:
    assert halved.verdict.code is Code.MORE_NOISE
    text = str(halved)
    assert "more noise" in text
    assert "The dose of B is 50 % lower: CTDIvol 5.00 instead of 10.00 mGy." in text
    product = halved.differences["dose_noise_product"]
    assert product.value == pytest.approx(0.0, abs=0.12)
    assert product.sign == 0


def test_the_other_way_round_everything_changes_sign(
    halved: Comparison, full: Path, half: Path, scorer: Scorer
) -> None:
    back = compare_scans(half, full, scorer=scorer)
    assert back.verdict.code is Code.LESS_NOISE
    for key, found in halved.differences.items():
        if found.value is not None:
            assert back.differences[key].value == pytest.approx(-found.value)


def test_a_softer_kernel_is_smoother_not_better(full: Path, scorer: Scorer, tmp_path: Path) -> None:
    stack = phantoms(6, 0.5 * NOISE_HU, seed=3, kernel=Kernel(0.2))
    soft = write_scan(tmp_path / "soft", stack, "1.2.3", CTDIvol=10.0, ConvolutionKernel="B10f")
    found = compare_scans(full, soft, scorer=scorer)
    assert found.differences["noise_mean_per_mm"].sign == -1
    assert found.verdict.code is Code.SMOOTHER
    assert "The dose is the same: CTDIvol 10.00 mGy." in found.verdict.sentences
    assert "of the dose of A" not in str(found)
    assert any("the kernels differ (B40f and B10f)" in note for note in found.notes)


def test_the_same_folder_twice_is_identical(full: Path, scorer: Scorer) -> None:
    found = compare_scans(full, full, scorer=scorer)
    assert (found.identical, found.verdict.code) == (True, Code.IDENTICAL)
    assert "identical" in str(found)
    values = [each.value for each in found.differences.values() if each.value is not None]
    assert len(values) > 5
    assert set(values) == {0.0}
    assert found.is_complete


def test_a_copy_in_another_format_is_recognised(full: Path, scorer: Scorer, tmp_path: Path) -> None:
    """Without UIDs slices are matched by region and size, and equal slices find each other."""
    copies = [tmp_path / name for name in ("a.npy", "b.npy")]
    for copy in copies:
        np.save(copy, phantoms(6, seed=1))
    with pytest.raises(NothingToDoError, match="pixel spacing is unknown"):
        compare_scans(*copies, scorer=scorer)
    found = compare_scans(*copies, scorer=scorer, match="position")
    assert (found.identical, found.found.rule) == (True, "order")


def test_without_spacing_noise_is_still_compared(scorer: Scorer, tmp_path: Path) -> None:
    paths = []
    for seed, level in enumerate((NOISE_HU, 2 * NOISE_HU)):
        paths.append(tmp_path / f"{seed}.npy")
        np.save(paths[-1], phantoms(6, level, seed=seed))
    found = compare_scans(paths[0], paths[1], scorer=scorer, match="position")
    assert found.verdict.code is Code.MORE_NOISE
    assert "Sharpness cannot be compared: the pixel spacing is unknown." in found.verdict.sentences


def test_one_slice_each(full: Path, half: Path, scorer: Scorer) -> None:
    found = compare_scans(full, half, slices=SliceRange(2, 3), scorer=scorer)
    assert found.verdict.code is Code.TOO_FEW
    assert "1 slice of each is too few" in str(found)
    assert found.differences["quantum_noise_hu"].low is None


def test_scans_of_other_patients_are_matched_by_size(
    full: Path, scorer: Scorer, tmp_path: Path
) -> None:
    other = {"StudyInstanceUID": "1.8.1", "FrameOfReferenceUID": "1.8.2"}
    stack = phantoms(8, 2 * NOISE_HU, seed=4)
    found = compare_scans(full, write_scan(tmp_path / "b", stack, "1.2.4", **other), scorer=scorer)
    assert (found.found.rule, found.kinds.relation) == ("region", Relation.DIFFERENT)
    assert found.verdict.code is Code.MORE_NOISE
    assert any("that of the patients" in note for note in found.notes)
    assert list(found.found.left_out[1].values()) == [Why.SURPLUS] * 2
    assert found.is_complete


def test_positions_of_other_anatomy_are_not_trusted(
    full: Path, scorer: Scorer, tmp_path: Path
) -> None:
    """The frame of reference is that of A, but the patient is smaller by a fifth."""
    small = write_scan(tmp_path / "small", phantoms(6, seed=5), "1.2.5", PixelSpacing=[0.8, 0.8])
    with pytest.raises(NothingToDoError, match="no slice of this region and size"):
        compare_scans(full, small, scorer=scorer)


def test_a_series_can_be_passed_as_it_was_read(full: Path, half: Path, scorer: Scorer) -> None:
    (a,), (b,) = (ctiqa.read_scans(path).scans for path in (full, half))
    found = compare_scans(a, b, slices=SliceRange(0, 2), scorer=scorer)
    assert len(found.found.pairs) == 2


def both(tmp_path: Path) -> Path:
    for seed, uid in enumerate(("1.2.77.1", "1.2.77.2")):
        write_scan(tmp_path / "both" / uid, phantoms(1, seed=seed), uid)
    return tmp_path / "both"


def test_several_series_must_be_chosen_from(full: Path, scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        compare_scans(full, both(tmp_path), scorer=scorer)
    text = str(error.value)
    assert "B holds 2 series; choose one by the end of its UID (--series-b)" in text
    assert "1.2.77.1, 1 slice, B40f, 5 mm" in text
    assert "Secret" not in text


def refused(
    scorer: Scorer, a: Path, b: Path, error: type[Exception], text: str, **how: Any
) -> None:
    with pytest.raises(error, match=text):
        compare_scans(a, b, scorer=scorer, **how)


def test_what_cannot_be_compared(full: Path, scorer: Scorer, tmp_path: Path) -> None:
    refused(scorer, full, tmp_path / "gone", UsageError, "gone")
    refused(scorer, full, full, UsageError, "match", match="nearest")
    mr = write_dicom(tmp_path / "mr" / "0.dcm", phantoms(1)[0], Modality="MR").parent
    refused(scorer, full, mr, NothingToDoError, "B holds no CT slice in HU")
    air = write_series(tmp_path / "air", first_hu=-1000.0)
    refused(scorer, full, air, NothingToDoError, "nothing could be compared: A shows 6 unknown")
    np.save(tmp_path / "a.npy", phantoms(2))
    np.save(tmp_path / "b.npy", phantoms(3))
    refused(
        *(scorer, tmp_path / "a.npy", tmp_path / "b.npy", DataError, "2 of A and 3 of B"),
        match="position",
    )


def test_inputs_that_were_skipped_make_it_incomplete(
    full: Path, half: Path, scorer: Scorer, tmp_path: Path
) -> None:
    folder = shutil.copytree(half, tmp_path / "half")
    (folder / "notes.txt").write_text("hello")
    found = compare_scans(full, folder, slices=SliceRange(0, 1), scorer=scorer)
    assert len(found.b.skipped) == 1
    assert not found.is_complete
