"""Walking, grouping, sorting, duplicates and warnings."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.io import make

from ctiqa.errors import Reason, UsageError
from ctiqa.io import Found, find, find_scans, stream_slices
from ctiqa.io.access.files import walk
from ctiqa.io.grouping.copies import drop_copies
from ctiqa.io.grouping.series import group_by_series, look_over
from ctiqa.types import Acquisition, Slice, SliceHeader, SliceSource


def reasons(found: Found) -> dict[str, Reason]:
    return {skipped.file.name: skipped.reason for skipped in found.skipped}


def header(name: str, z_mm: float | None = 0.0, series: str = "1.2", **facts: str) -> SliceHeader:
    return SliceHeader(
        source=SliceSource(Path(name), instance_uid=f"9.{name}", series_uid=series),
        rows=512,
        cols=512,
        spacing_mm=(0.7, 0.7),
        z_mm=z_mm,
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        acquisition=Acquisition(kernel=facts.get("kernel", "B30f")),
    )


def test_series_are_sorted_by_position(tmp_path: Path) -> None:
    make.write_series(tmp_path / "deep" / "er", 4)
    (scan,) = find_scans([tmp_path]).scans
    assert [slice_.z_mm for slice_ in scan.headers] == [0, 5, 10, 15]
    assert scan.path == tmp_path / "deep" / "er"
    assert scan.series_uid == make.uid("A")
    assert scan.warnings == ()


def test_two_series_in_one_folder(tmp_path: Path) -> None:
    make.write_series(tmp_path / "a", 2, series="A")
    make.write_series(tmp_path / "b", 3, series="B")
    assert sorted(len(scan.headers) for scan in find_scans([tmp_path]).scans) == [2, 3]


def test_every_file_ends_in_one_place(tmp_path: Path) -> None:
    paths = make.write_series(tmp_path / "ct", 2)
    make.write_ct(tmp_path / "mr.dcm", Modality="MR")
    make.write_ct(tmp_path / "vol.nii", make.phantom(seed=9), series="C")
    shutil.copy(paths[0], tmp_path / "ct" / "copy.dcm")
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    (tmp_path / "empty.dcm").touch()
    for hidden in (".DS_Store", "DICOMDIR", "Thumbs.db", ".hidden/a.dcm", "__MACOSX/a.dcm"):
        (tmp_path / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / hidden).write_bytes(b"not seen")
    found = find_scans([tmp_path])
    assert reasons(found) == {
        "mr.dcm": Reason.NOT_CT,
        "copy.dcm": Reason.DUPLICATE,
        "notes.txt": Reason.UNKNOWN_FORMAT,
        "empty.dcm": Reason.EMPTY_FILE,
    }
    assert sum(len(scan.headers) for scan in found.scans) == 3


def test_a_hidden_file_named_itself_is_read(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / ".a.dcm")
    assert len(find_scans([path]).scans) == 1


def test_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a file or folder, got nothing there"):
        find_scans([tmp_path / "absent"])
    with pytest.raises(UsageError, match="'jobs' must be at least 1, got 0"):
        find_scans([tmp_path], jobs=0)


def test_links_in_a_circle_and_dangling(tmp_path: Path) -> None:
    make.write_series(tmp_path / "ct", 2)
    (tmp_path / "ct" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = find_scans([tmp_path, tmp_path / "ct"])
    assert [len(scan.headers) for scan in found.scans] == [2]
    assert set(reasons(found).values()) == {Reason.NO_PERMISSION}
    assert set(reasons(found)) == {"self", "gone"}


def test_unreadable_file_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user without rights sees them; the tests may run as root."""
    make.write_ct(tmp_path / "ok.dcm")
    make.write_ct(tmp_path / "locked.dcm", z_mm=1)
    (tmp_path / "closed").mkdir()
    opened, listed = Path.open, os.scandir

    def refuse_open(path: Path, mode: str = "r") -> object:
        if path.name == "locked.dcm":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode)

    def refuse_list(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "open", refuse_open)
    monkeypatch.setattr(os, "scandir", refuse_list)
    found = find_scans([tmp_path])
    assert reasons(found) == {
        "closed": Reason.NO_PERMISSION,
        "locked.dcm": Reason.NO_PERMISSION,
    }
    assert len(found.scans) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reasons(find_scans([tmp_path])) == {"pipe": Reason.UNKNOWN_FORMAT}


def test_mixed_matrix_sizes_become_scans_of_their_own(tmp_path: Path) -> None:
    make.write_ct(tmp_path / "a.dcm", z_mm=0)
    make.write_ct(tmp_path / "b.dcm", z_mm=5)
    make.write_ct(tmp_path / "c.dcm", make.phantom(300, 300), z_mm=10)
    scans = find_scans([tmp_path]).scans
    assert [len(scan.headers) for scan in scans] == [2, 1]
    assert scans[1].series_uid == f"{scans[0].series_uid}#2"
    assert all("mixes 2 matrix sizes" in scan.warnings[0] for scan in scans)


def test_same_position_and_pixels_are_copies_but_phases_are_not(tmp_path: Path) -> None:
    make.write_ct(tmp_path / "a.dcm", SOPInstanceUID="2.25.1")
    make.write_ct(tmp_path / "b.dcm", SOPInstanceUID="2.25.2")
    make.write_ct(tmp_path / "c.dcm", make.phantom(seed=5), SOPInstanceUID="2.25.3")
    found = find_scans([tmp_path])
    assert reasons(found) == {"b.dcm": Reason.DUPLICATE}
    assert found.skipped[0].detail == "the same image as 'a.dcm'"
    (scan,) = found.scans
    assert scan.warnings == ("1 slice(s) at the position of another one (phases, reconstructions)",)


def test_one_uid_for_different_images_costs_none_of_them(tmp_path: Path) -> None:
    for index in range(3):
        make.write_ct(
            tmp_path / f"{index}.dcm",
            make.phantom(seed=index),
            z_mm=5.0 * (index // 2),
            SOPInstanceUID="2.25.1",
        )
    found = find_scans([tmp_path])
    assert found.skipped == ()
    assert len(found.scans[0].headers) == 3
    assert "3 different slices share a SOPInstanceUID with another one" in found.scans[0].warnings


def test_the_same_bytes_with_another_rescale_are_another_image(tmp_path: Path) -> None:
    make.write_ct(tmp_path / "a.dcm", SOPInstanceUID="2.25.1")
    make.write_ct(tmp_path / "b.dcm", SOPInstanceUID="2.25.1", RescaleIntercept="0")
    found = find_scans([tmp_path])
    assert found.skipped == ()
    assert len(found.scans[0].headers) == 2


def test_a_series_copied_under_new_uids_is_noticed(tmp_path: Path) -> None:
    make.write_series(tmp_path / "a", 3, series="A")
    make.write_series(tmp_path / "b", 3, series="B")
    found = find_scans([tmp_path])
    assert [scan.path for scan in found.scans] == [tmp_path / "a"]
    assert reasons(found) == {f"000{n}.dcm": Reason.DUPLICATE for n in (1, 2, 3)}


def test_a_series_stands_on_its_own_on_request(tmp_path: Path) -> None:
    make.write_series(tmp_path / "a", 3, series="A")
    make.write_series(tmp_path / "b", 3, series="B")
    shutil.copy(tmp_path / "b" / "0001.dcm", tmp_path / "b" / "again.dcm")
    found = find_scans([tmp_path], across_series=False)
    assert [scan.path for scan in found.scans] == [tmp_path / "a", tmp_path / "b"]
    assert reasons(found) == {"again.dcm": Reason.DUPLICATE}
    alone = find_scans([tmp_path / "b"])
    assert found.skipped == alone.skipped
    assert found.scans[1] == alone.scans[0]


def test_series_of_one_slice_each_that_belong_together(tmp_path: Path) -> None:
    for index in range(3):
        make.write_ct(
            tmp_path / f"{index}.dcm",
            make.phantom(seed=index),
            z_mm=5.0 * index,
            series=f"S{index}",
            StudyInstanceUID="2.25.9",
        )
    (scan,) = find_scans([tmp_path]).scans
    assert [header.z_mm for header in scan.headers] == [0, 5, 10]
    assert scan.warnings == (
        "every slice has a series UID of its own; grouped by folder, study and geometry",
    )


@pytest.mark.parametrize(
    "different",
    [
        {"StudyInstanceUID": "2.25.8"},
        {"StudyInstanceUID": None},
        {"ConvolutionKernel": "B70f"},
        {"PixelSpacing": [0.8, 0.8]},
        {"Manufacturer": "OTHER"},
    ],
)
def test_slices_of_different_studies_or_geometries_are_not_united(
    tmp_path: Path, different: dict[str, Any]
) -> None:
    facts: dict[str, Any] = {"StudyInstanceUID": "2.25.9"}
    make.write_ct(tmp_path / "0.dcm", z_mm=0, series="S0", **facts)
    make.write_ct(
        tmp_path / "1.dcm", make.phantom(seed=1), z_mm=5, series="S1", **facts | different
    )
    assert len(find_scans([tmp_path]).scans) == 2


def test_slices_without_series_are_grouped_by_geometry(tmp_path: Path) -> None:
    for index in range(3):
        make.write_ct(
            tmp_path / f"{index}.dcm",
            make.phantom(seed=index),
            z_mm=5.0 * index,
            SeriesInstanceUID="",
        )
    (scan,) = find_scans([tmp_path]).scans
    assert len(scan.headers) == 3
    assert scan.warnings == ("the slices name no series; grouped by folder and geometry",)


def test_single_slices_of_a_collection_stay_apart(tmp_path: Path) -> None:
    """One slice a patient, all in one folder: nothing says that they belong together."""
    for index in range(3):
        make.write_ct(
            tmp_path / f"{index}.dcm", make.phantom(seed=index), z_mm=5.0 * index, series=str(index)
        )
    assert len(find_scans([tmp_path]).scans) == 3


def test_of_two_copies_the_one_without_loss_is_kept(tmp_path: Path) -> None:
    make.write_ct(tmp_path / "a.dcm", SOPInstanceUID="2.25.1", LossyImageCompression="01")
    make.write_ct(tmp_path / "b.dcm", SOPInstanceUID="2.25.1")
    assert reasons(find_scans([tmp_path])) == {"a.dcm": Reason.DUPLICATE}


def test_data_file_of_a_header_file_is_part_of_it(tmp_path: Path) -> None:
    hu = make.phantom(256, 256)
    (tmp_path / "v.raw").write_bytes(hu.tobytes())
    (tmp_path / "v.mhd").write_text(
        "ObjectType = Image\nNDims = 2\nDimSize = 256 256\nElementType = MET_SHORT\n"
        "ElementDataFile = v.raw\n",
        encoding="ascii",
    )
    found = find_scans([tmp_path])
    assert found.skipped == ()
    assert found.scans[0].series_uid == "v.mhd"


def test_parallel_search_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "MIN_BATCHES_PER_WORKER", 2)
    first = make.write_ct(tmp_path / "000.dcm")
    for index in range(1, 130):
        shutil.copy(first, tmp_path / f"{index:03d}.dcm")
    steps: list[tuple[int, int]] = []
    found = find_scans([tmp_path], jobs=2, progress=lambda done, total: steps.append((done, total)))
    assert found == find_scans([tmp_path])
    assert len(found.skipped) == 129
    assert steps[-1] == (130, 130)


@pytest.mark.parametrize(
    ("compressed", "files", "shared"), [(True, 192, True), (False, 192, False), (True, 96, False)]
)
def test_processes_start_early_where_they_will_decompress(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compressed: bool,
    files: int,
    shared: bool,
) -> None:
    monkeypatch.setattr(find, "announces_compression", lambda _: compressed)
    monkeypatch.setattr(find, "start_workers", lambda _: None)
    asked: list[int] = []

    def in_order(work: Any, items: Any, _: Any, **how: Any) -> Any:
        asked.append(how["jobs"])
        return map(work, items)

    monkeypatch.setattr(find, "in_order", in_order)
    first = make.write_ct(tmp_path / "000.dcm")
    for index in range(1, files):
        shutil.copy(first, tmp_path / f"{index:03d}.dcm")
    found = find_scans([tmp_path], jobs=2)
    assert len(found.scans[0].headers) + len(found.skipped) == files
    assert asked == ([2] if shared else [])


def test_warnings_name_what_is_unusual() -> None:
    clean = [header(f"{z}", float(z)) for z in range(0, 50, 5)]
    assert look_over(clean) == ()
    assert look_over([*clean, header("far", 95.0)]) == (
        "1 gap(s), the largest of 50 mm where steps are 5 mm",
    )
    assert look_over([*clean, header("sharp", 50.0, kernel="B70f")]) == (
        "2 kernels in one series: B30f, B70f",
    )
    assert look_over([*clean, header("lost", None)]) == (
        "1 slice(s) without position, placed last",
    )
    coarse = replace(clean[0], spacing_mm=(0.9, 0.9))
    assert look_over([coarse, *clean[1:]]) == ("pixel spacing varies from 0.7 to 0.9 mm",)
    thick = replace(clean[0], acquisition=Acquisition(slice_thickness_mm=5.0))
    thin = replace(clean[1], acquisition=Acquisition(slice_thickness_mm=1.0))
    assert look_over([thick, thin]) == ("slice thickness varies from 1 to 5 mm",)
    tilted = replace(
        clean[0], flags=("gantry_tilt",), acquisition=Acquisition(gantry_tilt_deg=-12.0)
    )
    assert look_over([tilted]) == ("gantry tilt of 12.0°",)


@given(
    order=st.permutations(range(12)),
    positions=st.lists(st.one_of(st.none(), st.floats(-1000, 1000)), min_size=12, max_size=12),
)
@settings(max_examples=40)
def test_grouping_does_not_depend_on_the_order(
    order: list[int], positions: list[float | None]
) -> None:
    headers = [
        header(f"{index:02d}", z_mm, series=str(index % 3)) for index, z_mm in enumerate(positions)
    ]
    shuffled = [headers[index] for index in order]
    assert group_by_series(shuffled) == group_by_series(headers)
    assert sum(len(scan.headers) for scan in group_by_series(headers)) == 12
    for scan in group_by_series(headers):
        known = [each.z_mm for each in scan.headers if each.z_mm is not None]
        assert known == sorted(known)


@given(order=st.permutations(range(8)))
@settings(max_examples=20)
def test_copies_do_not_depend_on_the_order(order: list[int]) -> None:
    headers = [
        replace(header(str(index)), source=SliceSource(Path(str(index)), 0, str(index // 2), "1"))
        for index in range(8)
    ]
    kept, copies = drop_copies([headers[index] for index in order], lambda _: None)
    assert [str(each.source.file) for each in kept] == ["0", "2", "4", "6"]
    assert sorted(str(copy.file) for copy in copies) == ["1", "3", "5", "7"]


def test_walk_lists_each_file_once(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a" / "x.dcm")
    (tmp_path / "link.dcm").symlink_to(path)
    assert len(walk([tmp_path, path, tmp_path / "a"])) == 1


def test_found_scans_stream(tmp_path: Path) -> None:
    make.write_series(tmp_path, 3)
    (scan,) = find_scans([tmp_path]).scans
    read = list(stream_slices(scan.headers))
    assert all(isinstance(each, Slice) for each in read)
