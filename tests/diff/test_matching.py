"""Which slices are compared, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.diff.made import measured_slice, without_position

from ctiqa.diff.matching.along_z import match_order, match_positions
from ctiqa.diff.matching.by_region import match_regions
from ctiqa.diff.matching.pairs import Matching, Why, without_other_sizes
from ctiqa.diff.matching.relation import Match, Relation, relation_of, rule_for
from ctiqa.errors import DataError
from ctiqa.types import Acquisition, Scan, SliceScore

THIN = Acquisition(slice_thickness_mm=1.0)


def pairs(found: Matching) -> list[tuple[int, int]]:
    return [tuple(pair) for pair in found.pairs]  # type: ignore[misc]


def along(*places: float, acquisition: Acquisition | None = None) -> list[SliceScore]:
    return [measured_slice(k, z_mm=z_mm, acquisition=acquisition) for k, z_mm in enumerate(places)]


def test_equal_positions_are_paired() -> None:
    found = match_positions(along(0, 5, 10), along(5, 10, 15, 40))
    assert pairs(found) == [(1, 0), (2, 1)]
    assert found.left_out == ({0: Why.OUTSIDE}, {2: Why.OUTSIDE, 3: Why.OUTSIDE})


def test_thin_slices_are_paired_with_thick_ones() -> None:
    thin = along(*range(12), acquisition=THIN)
    found = match_positions(thin, along(1, 6))
    assert pairs(found) == [(1, 0), (6, 1)]
    assert found.left_out[0][2] is Why.BETWEEN
    assert found.left_out[0][10] is Why.OUTSIDE
    assert found.left_out[1] == {}


def test_slices_halfway_between_each_other_all_have_a_partner() -> None:
    assert pairs(match_positions(along(0, 5, 10), along(2.5, 7.5, 12.5))) == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_a_slice_without_score_is_left_out_with_its_partner() -> None:
    b = along(0, 5)
    b[1] = replace(b[1], score=None)
    for found in (match_positions(along(0, 5), b), match_order(along(0, 5), b)):
        assert pairs(found) == [(0, 0)]
        assert found.left_out == ({1: Why.PARTNER_NOT_SCORED}, {1: Why.NOT_SCORED})


def test_the_same_position_must_show_the_same_size() -> None:
    a = [measured_slice(k, size_mm=300) for k in range(3)]
    b = [measured_slice(k, size_mm=size) for k, size in enumerate((329.0, 340.0, None))]
    found = without_other_sizes(match_positions(a, b), a, b)
    assert pairs(found) == [(0, 0), (2, 2)]
    assert found.left_out == ({1: Why.OTHER_SIZE}, {1: Why.OTHER_SIZE})


def test_region_and_size_make_partners() -> None:
    a = [
        measured_slice(0, region="chest", size_mm=300),
        measured_slice(1, region="abdomen", size_mm=280),
        measured_slice(2, region="neck", size_mm=150),
        measured_slice(3, region="abdomen", size_mm=None),
        measured_slice(4, region="limb", score=None),
    ]
    b = [
        measured_slice(0, region="abdomen", size_mm=285),
        measured_slice(1, region="abdomen", size_mm=281),
        measured_slice(2, region="chest", size_mm=340),
        measured_slice(3, region="pelvis", size_mm=300),
    ]
    found = match_regions(a, b)
    assert pairs(found) == [(1, 1)]
    assert found.left_out[0] == {
        0: Why.OTHER_SIZE,
        2: Why.OTHER_REGION,
        3: Why.SIZE_UNKNOWN,
        4: Why.NOT_SCORED,
    }
    assert found.left_out[1] == {0: Why.SURPLUS, 2: Why.OTHER_SIZE, 3: Why.OTHER_REGION}


def test_as_many_slices_as_possible_have_a_partner() -> None:
    """The nearest partner of 310 is 300, but then 280 would have none."""
    a = [measured_slice(k, size_mm=size) for k, size in enumerate((280.0, 310.0))]
    b = [measured_slice(k, size_mm=size) for k, size in enumerate((305.0, 335.0))]
    assert pairs(match_regions(a, b)) == [(0, 0), (1, 1)]


def test_without_regions_the_body_part_counts() -> None:
    stated = Acquisition(body_part="ABDOMEN")
    a = [measured_slice(region=None, acquisition=stated)]
    assert pairs(match_regions(a, [measured_slice(region="abdomen")])) == [(0, 0)]
    assert pairs(match_regions(a, [measured_slice(region="chest")])) == []


def scan(name: str, uids: tuple[str, ...], *, count: int = 3, z: bool = True) -> Scan:
    slices = [measured_slice(k, uids=uids) for k in range(count)]
    headers = [each.header if z else without_position(each).header for each in slices]
    placed = [
        replace(header, source=replace(header.source, file=Path(name) / f"{k}"))
        for k, header in enumerate(headers)
    ]
    return Scan(name, Path(name), tuple(placed))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("study", "frame"), ("study", "frame"), Relation.SAME_FRAME),
        (("other", "frame"), ("study", "frame"), Relation.SAME_FRAME),
        (("study", "frame"), ("study", "other"), Relation.SAME_STUDY),
        (("study",), ("study", "frame"), Relation.SAME_FRAME),
        (("study", "frame"), ("second", "other"), Relation.DIFFERENT),
        (("study", "frame"), (), Relation.UNKNOWN),
    ],
)
def test_uids_tell_how_scans_belong_together(
    a: tuple[str, ...], b: tuple[str, ...], expected: Relation
) -> None:
    assert relation_of(scan("a", a), scan("b", b)) is expected


def test_the_same_files_belong_together_without_uids() -> None:
    assert relation_of(scan("a", ()), scan("a", ())) is Relation.SAME_FRAME


@pytest.mark.parametrize(
    ("match", "relation", "z", "count", "expected"),
    [
        ("auto", Relation.SAME_FRAME, True, 5, "position"),
        ("auto", Relation.DIFFERENT, True, 3, "region"),
        ("auto", Relation.UNKNOWN, False, 3, "region"),
        ("auto", Relation.SAME_FRAME, False, 3, "order"),
        ("auto", Relation.SAME_FRAME, False, 5, "region"),
        ("position", Relation.UNKNOWN, False, 3, "order"),
        ("position", Relation.DIFFERENT, True, 5, "position"),
        ("region", Relation.SAME_FRAME, True, 3, "region"),
    ],
)
def test_rules(match: Match, relation: Relation, z: bool, count: int, expected: str) -> None:
    assert (
        rule_for(match, relation, scan("a", (), z=z), scan("b", (), count=count, z=z)) == expected
    )


def test_positions_that_are_missing_or_turned() -> None:
    with pytest.raises(DataError, match="there are 3 of A and 4 of B"):
        rule_for(
            "position", Relation.UNKNOWN, scan("a", (), z=False), scan("b", (), count=4, z=False)
        )
    with pytest.raises(DataError, match="not every slice has one"):
        rule_for("position", Relation.UNKNOWN, scan("a", ()), scan("b", (), z=False))
    turned = scan("b", ())
    turned = replace(
        turned,
        headers=tuple(replace(h, orientation=(-1.0, 0, 0, 0, 1.0, 0)) for h in turned.headers),
    )
    straight = scan("a", ())
    straight = replace(
        straight,
        headers=tuple(replace(h, orientation=(1.0, 0, 0, 0, 1.0, 0)) for h in straight.headers),
    )
    with pytest.raises(DataError, match="orientations differ"):
        rule_for("position", Relation.SAME_FRAME, straight, turned)
    assert rule_for("auto", Relation.SAME_FRAME, straight, turned) == "region"
