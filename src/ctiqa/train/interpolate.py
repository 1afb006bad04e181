"""Weight interpolation: fine-tuned weights averaged with those before the fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ctiqa.recipe import FineTuneRecipe
from ctiqa.train import checkpoint
from ctiqa.train.loop import BEST
from ctiqa.train.predict import validation
from ctiqa.train.setup.run import INTERPOLATED, Run

StateDict = Mapping[str, Tensor]


def interpolate(run: Run, train: FineTuneRecipe, start: StateDict, learnt: Path) -> Path:
    """Interpolate between the weights before and after fine-tuning.

    The two networks are close, so the interpolated one keeps most of what was learnt by
    fine-tuning and more of what the first network knew of other data: Wortsman et al., Robust
    fine-tuning of zero-shot models, CVPR 2022.

    Args:
        run: The run that the student belongs to.
        train: The fine-tuning; ``interpolation`` is the share of the first weights.
        start: Weights before fine-tuning.
        learnt: Best checkpoint of the fine-tuning.

    Returns:
        The checkpoint with the interpolated weights.
    """
    file = run.folder(INTERPOLATED) / BEST
    if not run.device.first:
        return file
    share = train.interpolation
    network = checkpoint.load_network(run.recipe.network, learnt)
    further = network.state_dict()
    network.load_state_dict({k: share * start[k] + (1 - share) * v for k, v in further.items()})
    measured = replace(train, select="validation")
    metrics = validation(run.validation, measured, run.device)(network)
    name = train.start or "student"
    run.log(f"with {share:.0%} of '{name}': overall {metrics['overall']:.4f}")
    facts = {**run.facts(), "step": 0, "history": [metrics]}
    checkpoint.save(file, facts, average=AveragedModel(network))
    return file
