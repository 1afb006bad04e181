from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from tests.score.made import phantom
from tests.score.tiny_model import expected_members, network, write_model

from ctiqa.errors import UsageError, WeightsError
from ctiqa.score.engines import engine as engine_module
from ctiqa.score.engines.engine import VARIABLE, Engine, choose
from ctiqa.score.engines.protocol import EngineKind
from ctiqa.weights import load_model

TOLERANCE: dict[EngineKind, float] = {"onnxruntime": 1e-5, "openvino": 0.02}
"""Relative error: OpenVINO may calculate in bfloat16."""


def engine(file: Path, kind: EngineKind = "onnxruntime") -> Engine:
    return Engine(load_model(file), threads=1, kind=kind)


@pytest.fixture(params=["onnxruntime", "openvino"])
def kind(request: pytest.FixtureRequest) -> EngineKind:
    if request.param == "openvino":
        pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    return cast("EngineKind", request.param)


def test_members_are_what_the_network_says(model: Path, kind: EngineKind) -> None:
    hu = np.stack([phantom(0.0), phantom(300.0)])
    expected = [expected_members(each) for each in hu]
    np.testing.assert_allclose(engine(model, kind).run(hu), expected, rtol=TOLERANCE[kind])


@pytest.mark.parametrize("side", [256, 333, 512, 1024])
def test_any_matrix_is_taken(model: Path, side: int, kind: EngineKind) -> None:
    assert engine(model, kind).run(phantom(side=side)[np.newaxis]).shape == (1, 3)


def test_a_slice_is_filled_up_with_air_where_the_network_asks_for_it(
    tmp_path: Path, kind: EngineKind
) -> None:
    windows = {"matrix": [256, 1024], "multiple": 32, "windows": ["soft"]}
    made = engine(write_model(tmp_path, input=windows), kind)
    hu = np.full((1, 260, 320), 100, dtype=np.float32)
    filled = np.full((288, 320), -1000, dtype=np.float32)
    filled[:260] = 100
    np.testing.assert_allclose(made.run(hu)[0], expected_members(filled), rtol=TOLERANCE[kind])
    assert hu.shape == (1, 260, 320)


def test_a_network_is_opened_with_a_matrix_that_it_takes(tmp_path: Path, kind: EngineKind) -> None:
    windows = {"matrix": [260, 1024], "multiple": 48, "windows": ["soft"]}
    fixed = network(sides=(288, "w"))
    made = engine(write_model(tmp_path, network=fixed, input=windows), kind)
    assert made.run(phantom(side=288)[np.newaxis]).shape == (1, 3)


def test_threads_share_an_engine(model: Path, kind: EngineKind) -> None:
    shared = Engine(load_model(model), threads=1, kind=kind, streams=3)
    slices = [phantom(40.0 * k)[np.newaxis] for k in range(12)]
    expected = [shared.run(each) for each in slices]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(shared.run, slices))
    np.testing.assert_array_equal(found, expected)


FIRST_RUNS = """
import sys, threading
import numpy as np
from ctiqa.score.engines.engine import Engine
from ctiqa.weights import load_model

engine = Engine(load_model(sys.argv[1]), 1, "openvino", streams=2)
images = np.zeros((1, 512, 512), dtype=np.float32)
start = threading.Barrier(3)
sys.setswitchinterval(1e-5)

def run():
    start.wait()
    engine.run(images)

def work():
    start.wait()
    for _ in range(2000):
        images.sum()

threads = [threading.Thread(target=each) for each in (run, run, work)]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def test_two_first_runs_at_once_do_not_wait_for_each_other(model: Path) -> None:
    pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    # Without a run at loading, about every second process hung.
    for _ in range(5):
        subprocess.run([sys.executable, "-c", FIRST_RUNS, str(model)], check=True, timeout=60)


def test_an_engine_keeps_no_hold_of_what_it_returned(model: Path, kind: EngineKind) -> None:
    made = engine(model, kind)
    first = made.run(phantom(0.0)[np.newaxis])
    before = first.copy()
    made.run(phantom(300.0)[np.newaxis])
    np.testing.assert_array_equal(first, before)


def test_the_environment_may_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "onnxruntime")
    assert choose() == choose("auto") == "onnxruntime"
    monkeypatch.setenv(VARIABLE, "tpu")
    with pytest.raises(UsageError, match=r"'engine' .* must be one of auto, .*, got 'tpu'"):
        choose()


@pytest.mark.parametrize("bfloat16", [True, False])
def test_auto_takes_openvino_where_it_gains(
    monkeypatch: pytest.MonkeyPatch, bfloat16: bool
) -> None:
    openvino = pytest.importorskip("ctiqa.score.engines.openvino_cpu")
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(engine_module, "lacks_bfloat16", lambda: False)
    monkeypatch.setattr(openvino, "runs_bfloat16", lambda: bfloat16)
    assert choose() == ("openvino" if bfloat16 else "onnxruntime")


def test_auto_does_not_load_openvino_where_the_processor_gains_nothing() -> None:
    pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    code = (
        "import sys; from ctiqa.score.engines import engine; engine.lacks_bfloat16 = lambda: True; "
        "assert engine.choose() == 'onnxruntime'; assert 'openvino' not in sys.modules"
    )
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)


@pytest.mark.parametrize("asked", ["openvino", "cuda"])
def test_an_engine_that_is_not_there_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr("ctiqa.system.extras.find_spec", lambda _: None)
    monkeypatch.setattr(engine_module, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=f"engine '{asked}' .*install it with: pip install"):
        choose(asked)


def test_card_and_network_must_agree_on_members(tmp_path: Path) -> None:
    file = write_model(tmp_path, members=5)
    with pytest.raises(WeightsError, match=r"finite scores of shape \(1, 5\), got shape \(1, 3\)"):
        engine(file).run(phantom()[np.newaxis])


def test_scores_must_be_finite(tmp_path: Path) -> None:
    file = write_model(tmp_path, network=network((1.0, 1.0, float("nan"))))
    with pytest.raises(WeightsError, match="must return finite scores"):
        engine(file).run(phantom()[np.newaxis])


def test_file_that_is_no_network_is_refused(tmp_path: Path, kind: EngineKind) -> None:
    file = write_model(tmp_path, network=b"hello")
    with pytest.raises(WeightsError, match=rf"tiny\.onnx is not a network that {kind} can read"):
        engine(file, kind)


def test_input_that_does_not_fit_names_the_model(model: Path, kind: EngineKind) -> None:
    with pytest.raises(WeightsError, match=r"tiny\.onnx (failed on|must return) .*\(1, "):
        engine(model, kind).run(np.zeros((1, 256), dtype=np.float32))


def test_a_noise_map_is_given_or_not(model: Path, tmp_path: Path, kind: EngineKind) -> None:
    mapped = write_model(tmp_path, network=network(noise_map=True))
    assert engine(mapped, kind).gives_noise_map()
    assert not engine(model, kind).gives_noise_map()


@pytest.mark.parametrize(
    ("side", "multiple", "patches"), [(256, 1, 8), (257, 1, 9), (256, 96, 8), (289, 96, 10)]
)
def test_a_noise_map_covers_the_slice(
    tmp_path: Path, side: int, multiple: int, patches: int
) -> None:
    windows = {"matrix": [256, 1024], "multiple": multiple, "windows": ["soft"]}
    made = engine(write_model(tmp_path, network=network(noise_map=True), input=windows))
    hu = np.full((2, side, side), 400, dtype=np.float32)
    found = made.answer(hu).log_noise_hu
    assert found is not None
    assert found.shape == (2, patches, patches)
    np.testing.assert_allclose(np.exp(found[:, :8, :8]), 32, rtol=1e-3)


def test_a_noise_map_of_another_shape_is_refused(tmp_path: Path) -> None:
    coarse = network(noise_map=True, patch=64)
    with pytest.raises(WeightsError, match=r"finite log_noise_hu of shape \(1, 8, 8\), got .*4, 4"):
        engine(write_model(tmp_path, network=coarse)).answer(phantom()[np.newaxis])
