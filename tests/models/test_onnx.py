"""Networks of fixed matrix as ONNX, any number of slices."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnxruntime
import pytest
import torch
from tests.models.networks import BODY, STEM_VIT, lively, made, slices

from ctiqa.recipe import NetworkRecipe

SIDE = 512


@pytest.mark.parametrize("recipe", [STEM_VIT, BODY], ids=lambda recipe: recipe.kind)
def test_onnx_scores_as_torch_does(recipe: NetworkRecipe, tmp_path: Path) -> None:
    network = lively(made(recipe), slices(2, SIDE))
    with warnings.catch_warnings():
        # What the exporter and timm say about each other's insides.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (slices(2, SIDE),),
            input_names=["hu"],
            output_names=["scores"],
            opset_version=18,
            dynamic_shapes=({0: torch.export.Dim("slices")},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(tmp_path / "network.onnx", external_data=False)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    assert [given.name for given in session.get_outputs()] == ["scores"]
    for n in (1, 3):
        images = slices(n, SIDE, seed=n)
        with torch.no_grad():
            expected = network(images)[0]
        (scores,) = session.run(None, {"hu": images.numpy()})
        torch.testing.assert_close(torch.from_numpy(scores), expected, atol=1e-5, rtol=1e-4)
