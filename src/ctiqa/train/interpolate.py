"""What was learnt further, averaged with what it started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ctiqa.models.build import build
from ctiqa.train import checkpoint
from ctiqa.train.loop import BEST
from ctiqa.train.predict import validation
from ctiqa.train.setup.run import INTERPOLATED, Run
from ctiqa.train.teacher import load_average

StateDict = Mapping[str, Tensor]


def interpolate(run: Run, start: StateDict, learnt: Path) -> Path:
    """Average the weights that a student started from with those it has learnt, one by one.

    Of two networks so near to each other the average keeps most of what the second has learnt and
    more of what the first knew of other data: Wortsman et al., Robust fine-tuning of zero-shot
    models, CVPR 2022.

    Args:
        run: ``recipe.interpolation`` is the share of the start.
        start: Weights that the student started from.
        learnt: Its best checkpoint.

    Returns:
        The checkpoint with the average.
    """
    file = run.folder(INTERPOLATED) / BEST
    if not run.device.first:
        return file
    share = run.recipe.interpolation
    network = load_average(build(replace(run.recipe.network, pretrained="none")), learnt)
    further = network.state_dict()
    network.load_state_dict({k: share * start[k] + (1 - share) * v for k, v in further.items()})
    measured = replace(run.recipe.student, select="validation")
    figures = validation(run.validation, measured, run.device)(network)
    run.log(f"with {share:.0%} of '{run.recipe.fine_tune_from}': overall {figures['overall']:.4f}")
    facts = {**run.facts(), "step": 0, "history": [figures]}
    checkpoint.save(file, facts, average=AveragedModel(network))
    return file
