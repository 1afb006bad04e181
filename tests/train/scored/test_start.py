"""The model that a fine-tuning starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.score.tiny_model import write_model
from tests.train.scored.made import FINE_TUNE, NAME, RECIPE, import_model, trained

from ctiqa.errors import UsageError
from ctiqa.train.scored.start import start_network


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for imported models."""
    monkeypatch.setenv("CTIQA_MODELS", str(tmp_path))
    return tmp_path


def test_the_network_has_the_weights_of_the_model(installed: Path) -> None:
    import_model(installed)
    network = start_network(RECIPE)
    wanted = trained().state_dict()
    assert network.state_dict().keys() == wanted.keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, wanted[name], rtol=0, atol=0, msg=name)
    assert all(weight.requires_grad for weight in network.parameters())


def test_a_model_that_is_not_there_is_named_with_those_that_are(installed: Path) -> None:
    import_model(installed)
    other = replace(RECIPE, fine_tune=replace(FINE_TUNE, from_model="ctiqa-s9"))
    with pytest.raises(UsageError, match=rf"must be an installed model, got 'ctiqa-s9'; .*{NAME}"):
        start_network(other)


def test_an_older_model_has_no_answers_to_keep(installed: Path) -> None:
    write_model(installed, NAME)
    with pytest.raises(UsageError, match=rf"kind 'answers'\), got '{NAME}', which is older"):
        start_network(RECIPE)


def test_a_network_of_another_size_is_refused_with_the_keys_to_set(installed: Path) -> None:
    import_model(installed, heads=4, windows=["soft", "bone"])
    with pytest.raises(UsageError, match=r'; set windows = \["soft", "bone"\], heads = 4$'):
        start_network(RECIPE)
