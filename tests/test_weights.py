from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.score.tiny_model import card, write_model

from ctiqa import weights
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError, WeightsError
from ctiqa.weights import IntervalRule, installation, list_models, load_card, load_model, parse_card

NETWORK = b"not a network, which only the engine minds"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packaged default model and an empty folder for imported ones."""
    monkeypatch.setattr(weights, "PACKAGED", tmp_path / "packaged")
    monkeypatch.setenv("CTIQA_MODELS", str(tmp_path / "imported"))
    write_model(tmp_path / "packaged", DEFAULT_MODEL, network=NETWORK)
    return tmp_path


def install(file: Path) -> None:
    for target, data in installation(load_model(file)):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def test_packaged_model_is_loaded_and_described(folders: Path) -> None:
    model = load_model(DEFAULT_MODEL)
    assert model.network == NETWORK
    assert model.card.members == 3
    assert model.card.interval == IntervalRule(0.9, 2.0, 0.1)
    assert model.card.matrix == (256, 1024)
    assert model.facts["sha256"] == weights.file_digest(NETWORK)
    assert load_card(DEFAULT_MODEL) == model.card


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_altered_file_is_refused(folders: Path, suffix: str) -> None:
    path = folders / "packaged" / f"{DEFAULT_MODEL}{suffix}"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(
        WeightsError, match=rf"{path.name} is not .* expected \w{{64}}, got \w{{64}}"
    ):
        load_model(DEFAULT_MODEL)


def test_missing_file_names_the_remedy(folders: Path) -> None:
    (folders / "packaged" / f"{DEFAULT_MODEL}.json").unlink()
    with pytest.raises(WeightsError, match=r"cannot be read \(No such file.*ctiqa weights import"):
        load_model(DEFAULT_MODEL)


def test_model_by_name_must_be_listed_in_hashes(folders: Path) -> None:
    (folders / "packaged" / "hashes.json").unlink()
    with pytest.raises(WeightsError, match=r"not listed in hashes\.json"):
        load_model(DEFAULT_MODEL)


def test_model_by_path_needs_no_hashes_but_obeys_them(tmp_path: Path) -> None:
    bare = write_model(tmp_path / "bare", network=NETWORK, hashes=False)
    assert load_model(bare).files.origin == "file"
    listed = write_model(tmp_path / "listed", network=NETWORK)
    listed.write_bytes(b"other")
    with pytest.raises(WeightsError, match="expected"):
        load_model(listed)


def test_path_of_no_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must be a file that exists .* got .*none\.onnx"):
        load_model(tmp_path / "none.onnx")


def test_digest_given_by_hand_is_checked(tmp_path: Path) -> None:
    file = write_model(tmp_path, network=NETWORK, hashes=False)
    assert load_model(file, sha256=weights.file_digest(NETWORK).upper()).network == NETWORK
    with pytest.raises(WeightsError, match=f"expected {'0' * 64}"):
        load_model(file, sha256="0" * 64)


def test_imported_model_is_known_by_name(folders: Path) -> None:
    install(write_model(folders / "usb", "clinic", network=NETWORK))
    assert load_model("clinic").files.origin == "imported"
    assert [files.name for files in list_models()] == [DEFAULT_MODEL, "clinic"]


def test_second_import_keeps_the_first(folders: Path) -> None:
    install(write_model(folders / "a", "first", network=NETWORK))
    install(write_model(folders / "b", "second", network=b"other"))
    assert load_model("first").network == NETWORK
    assert load_model("second").network == b"other"


def test_import_cannot_shadow_a_packaged_model(folders: Path) -> None:
    file = write_model(folders / "usb", DEFAULT_MODEL, network=b"other")
    with pytest.raises(UsageError, match="name of a packaged model"):
        installation(load_model(file))


def test_half_an_import_is_noticed(folders: Path) -> None:
    install(write_model(folders / "old", "clinic", network=NETWORK))
    newer = installation(load_model(write_model(folders / "new", "clinic", network=b"newer")))
    newer[0][0].write_bytes(newer[0][1])
    with pytest.raises(WeightsError, match="import the model again"):
        load_model("clinic")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ["a"]}, r"'name' must be a text, got \['a'\]"),
        ({"name": " "}, "'name' must be a text"),
        ({"version": None}, "'version' must be a text, got None"),
        ({"members": 0}, "'members' must be 1…1000, got 0"),
        ({"members": "many"}, "'members' must be 1…1000, got 'many'"),
        ({"members": True}, "'members' must be 1…1000, got True"),
        ({"members": 3.0}, "'members' must be 1…1000, got 3.0"),
        ({"members": 10**9}, "'members' must be 1…1000"),
        ({"input": {}}, r"entry 'input\.matrix' is missing"),
        ({"input": 7}, "'input' must be an object, got 7"),
        ({"input": {"matrix": [256, 512, 1024]}}, r"'input\.matrix' must be"),
        ({"input": {"matrix": ["256", "512"]}}, r"'input\.matrix' must be"),
        ({"input": {"matrix": [256, 10**9]}}, r"'input\.matrix' must be"),
        ({"input": {"matrix": list(range(100_000))}}, r"'input\.matrix' must be"),
        ({"input": {"matrix": [256, 512], "windows": "soft"}}, r"'input\.windows' must be"),
        ({"interval": []}, r"'interval' must be an object, got \[\]"),
        ({"noise_interval": 1.2}, "'noise_interval' must be an object, got 1.2"),
        ({"noise_interval": {"level": 0.9, "floor": 0.1}}, "'noise_interval.quantile' is missing"),
        (
            {"noise_interval": {"level": 0.9, "quantile": 1, "floor": -0.1}},
            r"'noise_interval\.floor' must be >= 0, got -0\.1",
        ),
        ({"interval": {"level": "0.9", "quantile": 1, "floor": 0}}, r"'interval\.level' must"),
        ({"interval": {"level": 0.9, "quantile": True, "floor": 0}}, r"'interval\.quantile'"),
        ({"output": 4}, "'output' must be an object"),
        ({"output": {"range": ["low", "high"]}}, r"'output\.range' must be \[low, high\]"),
        ({"data": [1]}, "'data' must be a list of objects"),
        ({"not_trained_on": [None]}, "'not_trained_on' must be a list of texts"),
        ({"agreement": {"plcc": "high"}}, "'agreement' must be metrics"),
        ({"agreement": {"plcc": {"value": 0.9, "interval": [0.8]}}}, "'agreement' must be metrics"),
        (
            {"input": {"matrix": [256, 512], "selectable_windows": ["liver"]}},
            r"must be names of known windows, got \['liver'\]",
        ),
        (
            {"input": {"matrix": [256, 512], "multiple": 0}},
            r"'input\.multiple' must be 1…1024, got 0",
        ),
        ({"input": {"matrix": [512, 256]}}, r"'input\.matrix' .* rising, .* got \[512, 256\]"),
        ({"interval": {"level": 1.5, "quantile": 1, "floor": 0}}, r"'interval\.level' .* got 1\.5"),
        ({"interval": {"level": 0.9, "quantile": -1, "floor": 0}}, "'interval.quantile' must"),
        (
            {"interval": {"level": 0.9, "quantile": 1, "floor": float("nan")}},
            "NaN is not a JSON number",
        ),
        ({"interval": {"level": 0.9, "quantile": 1, "floor": -0.1}}, r"'interval\.floor' must be"),
        ({"anything": float("inf")}, "Infinity is not a JSON number"),
    ],
)
def test_broken_card_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        parse_card(json.dumps(card("x") | changes).encode(), Path("x.json"))


def test_every_problem_of_a_card_is_named_at_once() -> None:
    broken = card("x") | {"members": 0, "data": 3}
    with pytest.raises(WeightsError, match=r"'members' must be .*; 'data' must be"):
        parse_card(json.dumps(broken).encode(), Path("x.json"))


@pytest.mark.parametrize(
    "data",
    [
        *(b"{", b"[1]", b"\xff", b"", b"null", b'{"a":1,"a":2}', b'{"a":1e400}'),
        *(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a":"\\ud800"}'),
        "{}".encode("utf-16"),
    ],
    ids=range(10),
)
def test_card_must_be_a_json_object(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"x\.json (is not valid JSON|must hold a JSON object)"):
        parse_card(data, Path("x.json"))


def test_hashes_must_be_texts(tmp_path: Path) -> None:
    (tmp_path / "hashes.json").write_text('{"a.onnx": 1}')
    with pytest.raises(WeightsError, match="must be a sha256"):
        weights.load_hashes(tmp_path)


def test_user_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CTIQA_MODELS", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert weights.user_dir() == Path("data/ctiqa/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert weights.user_dir() == Path.home() / ".local/share/ctiqa/models"
