"""Which slice belongs to which, and where doubt is an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ctiqa.benchmarking.cases import find_cases
from ctiqa.benchmarking.match import match_slices
from ctiqa.benchmarking.sets import ImageSet, check_names, method_of
from ctiqa.errors import DataError, NothingToDoError, Reason, UsageError
from ctiqa.types import Scan, Skipped, SliceHeader, SliceSource

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def slices(
    z_mm: Sequence[float | None],
    *,
    names: Sequence[str] | None = None,
    orientation: tuple[float, ...] | None = AXIAL,
    folder: str = "a",
    side: int = 256,
    spacing: float | None = 0.7,
    study: str = "",
) -> tuple[SliceHeader, ...]:
    files = names or ["volume.npy"] * len(z_mm)
    frames = [0] * len(files) if names else range(len(files))
    return tuple(
        SliceHeader(
            SliceSource(Path(folder, name), frame, study_uids=(study,) if study else ()),
            side,
            side,
            spacing_mm=None if spacing is None else (spacing, spacing),
            z_mm=z,
            orientation=orientation,
        )
        for name, frame, z in zip(files, frames, z_mm, strict=True)
    )


def matched(
    reference: tuple[SliceHeader, ...], other: tuple[SliceHeader, ...]
) -> tuple[str, dict[int, int]]:
    found = match_slices(reference, other, "method 'm'")
    return found.rule, dict(found.pairs)


UNKNOWN = [None] * 3


def test_by_position_whatever_the_names() -> None:
    other = slices([5.04, 10], names=["x.dcm", "y.dcm"], folder="b")
    assert matched(slices([0, 5, 10]), other) == ("position", {1: 0, 2: 1})


def test_positions_beyond_the_common_range_are_no_doubt() -> None:
    assert matched(slices([0, 5, 10]), slices([5, 10, 15])) == ("position", {1: 0, 2: 1})


def test_missing_slices_between_are_no_doubt() -> None:
    assert matched(slices([0, 5, 10]), slices([0, 10])) == ("position", {0: 0, 2: 1})


def test_interleaved_positions_are_doubt() -> None:
    with pytest.raises(DataError, match=r"by position leaves doubt.*z 6\.0 mm.*at 4\.0, 8\.0 mm"):
        matched(slices([0, 6, 12]), slices([0, 4, 8, 12]))


def test_no_common_position_is_doubt() -> None:
    with pytest.raises(DataError, match=r"share no position \(z 100 to 110 mm and 0 to 10 mm\)"):
        matched(slices([0, 5, 10]), slices([100, 105, 110]))


def test_positions_without_orientation_need_equal_counts() -> None:
    relative = slices([0, 5, 10], orientation=None)
    assert matched(relative, slices([0, 5, 10], orientation=None))[0] == "position"
    with pytest.raises(DataError, match="positions without orientation are relative"):
        matched(relative, slices([0, 5], orientation=None))


@pytest.mark.parametrize(
    "other",
    [
        slices(UNKNOWN, names=["2.npy", "1.npy", "3.npy"], orientation=None),
        slices([0, 5, 10], names=["2.npy", "1.npy", "3.npy"], orientation=None),
        slices([0, 0, 5], names=["2.npy", "1.npy", "3.npy"]),
        slices([0, 5, 10], names=["2.npy", "1.npy", "3.npy"], orientation=(0.9, 0.4, *AXIAL[2:])),
    ],
    ids=["unknown", "no orientation", "shared", "tilted"],
)
def test_by_name_where_positions_do_not_do(other: tuple[SliceHeader, ...]) -> None:
    reference = slices([0, 5, 10], names=["1.dcm", "2.dcm", "3.dcm"])
    assert matched(reference, other) == ("name", {0: 1, 1: 0, 2: 2})


def test_names_without_partner_in_both_are_doubt() -> None:
    reference = slices(UNKNOWN, names=["1.dcm", "2.dcm", "3.dcm"])
    with pytest.raises(DataError, match=r"by name leaves doubt: without partner are 4 .* and 3 of"):
        matched(reference, slices(UNKNOWN, names=["1.dcm", "2.dcm", "4.dcm"]))
    fewer = slices([None] * 2, names=["1.dcm", "3.dcm"])
    assert matched(reference, fewer) == ("name", {0: 0, 2: 1})


def test_by_order_with_equal_counts_only() -> None:
    reference = slices([0, 5, 10], names=["1.dcm", "2.dcm", "3.dcm"])
    assert matched(reference, slices(UNKNOWN)) == ("order", {0: 0, 1: 1, 2: 2})
    with pytest.raises(DataError) as error:
        matched(reference, slices([None] * 2))
    for part in ("by position: not every", "by name: several", "by order: there are 2 slices"):
        assert part in str(error.value)


def test_a_rule_can_be_chosen() -> None:
    reference, other = slices([0, 5, 10]), slices([100, 105, 110])
    assert match_slices(reference, other, "m", "order").rule == "order"
    with pytest.raises(DataError, match="by name"):
        match_slices(reference, other, "m", "name")


def scan(headers: tuple[SliceHeader, ...], path: str, uid: str = "1.2") -> Scan:
    return Scan(uid, Path(path), headers)


def images(name: str, *scans: Scan, skipped: tuple[Skipped, ...] = ()) -> ImageSet:
    return ImageSet(name, Path(name), scans, skipped)


def three(**changes: ImageSet) -> list[ImageSet]:
    """The reference, the input and one method, each with three slices."""
    same = {
        name: images(name, scan(slices([0, 5, 10], folder=name), name))
        for name in ("reference", "input", "m")
    }
    return [*(same | changes).values()]


def test_only_slices_that_all_have_are_compared() -> None:
    refused = Skipped(Path("m/9.dcm"), Reason.NOT_HU, "values in [0, 1]")
    found = find_cases(
        three(
            input=images("input", scan(slices([0, 5, 10, 15], folder="input"), "input")),
            m=images("m", scan(slices([5, 10], folder="m"), "m"), skipped=(refused,)),
        )
    )
    assert [case.headers[0].z_mm for case in found.cases] == [5, 10]
    assert [(each.name, each.reason) for each in found.left_out] == [
        ("m", "unreadable"),
        ("m", "missing"),
        ("input", "unmatched"),
    ]
    assert found.rules == {"input": "position", "m": "position"}


def test_nothing_in_common_is_an_error() -> None:
    first = images("input", scan(slices([0, 5], folder="input"), "input"))
    second = images("m", scan(slices([10], folder="m"), "m"))
    with pytest.raises(NothingToDoError, match="no slice is in all of the reference, the input"):
        find_cases(three(input=first, m=second))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"side": 512}, "method 'm' has slices of 512 × 512 pixels where the reference has 256"),
        ({"spacing": 0.8}, "pixel spacing of 0.8 × 0.8 mm where the reference has 0.7 × 0.7 mm"),
    ],
)
def test_another_geometry_is_an_error(changed: dict[str, float], message: str) -> None:
    other = scan(slices([0, 5, 10], **changed), "m")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        find_cases(three(m=images("m", other)))


def test_an_unknown_spacing_is_that_of_the_reference() -> None:
    other = scan(slices([0, 5, 10], spacing=None), "m")
    assert find_cases(three(m=images("m", other))).cases[0].spacing_mm == (0.7, 0.7)


def test_mixed_spacings_are_an_error() -> None:
    mixed = tuple(
        replace(each, spacing_mm=(size, size))
        for each, size in zip(slices([0, 5, 10]), (0.7, 0.7, 0.9), strict=True)
    )
    every = [images(name, scan(mixed, name)) for name in ("reference", "input", "m")]
    with pytest.raises(DataError, match=r"pixel spacings from 0\.7 to 0\.9 mm"):
        find_cases(every)


def patients(name: str, *folders: str, uids: Sequence[str] = (), study: str = "") -> ImageSet:
    return images(
        name,
        *(
            scan(
                slices([0, 5, 10], folder=f"{name}/{folder}", study=study),
                f"{name}/{folder}",
                uids[k] if uids else f"{name}.{k}",
            )
            for k, folder in enumerate(folders)
        ),
    )


def test_scans_are_matched_by_folder() -> None:
    sets = [patients("reference", "p1", "p2"), patients("input", "p2", "p1"), patients("m", "p2")]
    found = find_cases(sets)
    assert {case.scan for case in found.cases} == {"p2"}
    assert all(header.source.file.parent.name == "p2" for c in found.cases for header in c.headers)
    assert [each.reason for each in found.left_out] == ["missing"] * 3


def test_scans_are_matched_by_file_whatever_the_format() -> None:
    sets = [
        patients("reference", "p1.nii.gz", "p2.nii.gz"),
        patients("input", "p2.npz", "p1.npz"),
        patients("m", "p2", "p1"),
    ]
    assert {case.scan for case in find_cases(sets).cases} == {"p1", "p2"}


def test_scans_in_one_folder_are_matched_by_series() -> None:
    sets = [patients(name, "", "", uids=["1.1", "1.2"]) for name in ("reference", "input", "m")]
    assert {case.scan for case in find_cases(sets).cases} == {"1.1", "1.2"}


def test_scans_that_cannot_be_told_apart_are_an_error() -> None:
    sets = [patients(name, "", "") for name in ("reference", "input", "m")]
    with pytest.raises(DataError, match="2 scans of the input cannot be matched to the 2 scans"):
        find_cases(sets)


def test_scans_without_partner_in_both_sets_are_doubt() -> None:
    sets = [patients("reference", "p1", "p2"), patients("input", "p1", "p3")]
    with pytest.raises(DataError, match="by folder leaves doubt: without partner are p3 of the"):
        find_cases([*sets, patients("m", "p1")])


def test_scans_of_one_study_are_one_patient() -> None:
    names = ("reference", "input", "m")
    apart = find_cases([patients(name, "p1", "p2") for name in names])
    one = find_cases([patients(name, "p1", "p2", study="7.7") for name in names])
    assert len({case.patient for case in apart.cases}) == 2
    assert len({case.patient for case in one.cases}) == 1


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("out", "out", "out"),
        ("a/b.nii.gz", "b", "a/b.nii.gz"),
        ("mine=a/b", "mine", "a/b"),
        ("mine=a=b", "mine", "a=b"),
        ("./x=1/out", "out", "./x=1/out"),
        (".", Path.cwd().name, "."),
    ],
)
def test_names_of_methods(text: str, name: str, path: str) -> None:
    assert method_of(text) == (name, path)


@pytest.mark.parametrize("text", ["", "=a", "a=", " =a"])
def test_a_method_needs_name_and_path(text: str) -> None:
    with pytest.raises(UsageError, match="PATH or NAME=PATH"):
        method_of(text)


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a", "a"], "2 methods are called 'a'"), (["reference"], "must not be called 'reference'")],
)
def test_names_must_tell_methods_apart(names: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_names(names)
