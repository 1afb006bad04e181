from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import end_to_end
from benchmarks.end_to_end import cold_start, files, memory, read_command, scaling, score_command
from benchmarks.process import Peak
from benchmarks.series import CannotStoreError
from benchmarks.setting import Setting

Command = Sequence[str]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(
        tmp_path,
        ("onnxruntime", "openvino"),
        jobs=2,
        starts=2,
        repeats=1,
        slices=5,
        memory_slices=(2, 3),
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """The commands that would have been measured; the n-th takes n seconds."""
    log: list[Command] = []

    def wall_time(command: Command) -> float:
        log.append(command)
        return float(len(log))

    def together(commands: Sequence[Command]) -> float:
        log.extend(commands)
        return float(len(log))

    def peak(command: Command) -> Peak:
        log.append(command)
        return Peak(float(len(log)), None)

    monkeypatch.setattr(end_to_end, "wall_time", wall_time)
    monkeypatch.setattr(end_to_end, "wall_time_together", together)
    monkeypatch.setattr(end_to_end, "peak_memory", peak)
    return log


def test_engine_jobs_and_model_are_in_the_command() -> None:
    command = score_command(Path("scan"), 2, "other.onnx", "openvino")
    assert command[1:] == [
        *("score", "scan", "--jobs", "2", "--engine", "openvino", "--model", "other.onnx")
    ]
    assert "--model" not in score_command(Path("scan"), 2, None, "openvino")


def test_cold_starts_run_on_one_file_engine_by_engine(setting: Setting, ran: list[Command]) -> None:
    (found,) = cold_start(setting).comparisons
    assert [each.slices for each in found.times] == [1, 1, 1]
    assert [each.seconds for each in found.times] == [(4.0, 7.0), (5.0, 8.0), (6.0, 9.0)]
    one = Path(ran[0][2])
    assert one.is_file()
    assert ran[:3] * 3 == ran
    assert ran[2] == read_command(one)


def test_every_form_is_compared_to_pydicom_on_the_same_files(
    setting: Setting, ran: list[Command]
) -> None:
    found = files(setting)
    assert [each.name for each in found.comparisons] == ["uncompressed", "JPEG-LS", "JPEG 2000"]
    assert {each.reference for each in found.comparisons} == {"pydicom alone"}
    first = Path(ran[0][2])
    assert ran[:3] == [
        score_command(first, 2, None, "onnxruntime"),
        score_command(first, 2, None, "openvino"),
        read_command(first),
    ]
    assert len(list(first.iterdir())) == 5


def test_a_form_that_cannot_be_written_is_left_out_with_its_reason(
    setting: Setting, ran: list[Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(folder: Path, form: str, _slices: int) -> Path:
        if form == "JPEG 2000":
            raise CannotStoreError("no encoder")
        return folder

    monkeypatch.setattr(end_to_end, "series", without)
    found = files(setting)
    assert [each.name for each in found.comparisons] == ["uncompressed", "JPEG-LS"]
    assert found.left_out == ("JPEG 2000: no encoder",)
    assert memory(setting).left_out == (
        "JPEG 2000, 2 slices: no encoder",
        "JPEG 2000, 3 slices: no encoder",
    )


def test_two_processes_count_twice_the_slices(setting: Setting, ran: list[Command]) -> None:
    first, second = scaling(setting).comparisons
    assert (first.name, second.name) == ("onnxruntime", "openvino")
    assert [(each.name, each.slices) for each in first.times] == [
        ("one process, --jobs 1", 5),
        ("one process, --jobs 2", 5),
        ("two processes, --jobs 1 each", 10),
        ("two processes, --jobs 2 each", 10),
    ]
    assert first.reference == "one process, --jobs 1"
    assert ran[2] == ran[3] == score_command(Path(ran[0][2]), 1, None, "onnxruntime")


def test_memory_is_watched_for_every_form_length_and_engine(
    setting: Setting, ran: list[Command]
) -> None:
    found = memory(setting).memory
    assert len(found) == len(ran) == 3 * 2 * 2
    assert [(each.name, each.slices, each.peak.rss_mib) for each in found[:3]] == [
        ("uncompressed, onnxruntime", 2, 1.0),
        ("uncompressed, openvino", 2, 2.0),
        ("uncompressed, onnxruntime", 3, 3.0),
    ]
