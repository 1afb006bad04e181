"""Trained networks as predictors: runs, checkpoints and teachers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ctiqa.evaluate.predictors.predictor import Images, Predictor, PredictorKind
from ctiqa.evaluate.scale import GRADES

if TYPE_CHECKING:
    from ctiqa.train.load import Trained
    from ctiqa.train.setup.devices import Device


def run_predictor(path: Path, name: str, device: Device) -> Predictor:
    """A run or a checkpoint as a predictor.

    Args:
        path: Folder of a run or of one of its trainings, or a checkpoint.
        name: Name in tables.
        device: Where it runs.

    Raises:
        DataError: If there is no trained network.
    """
    from ctiqa.train.load import load_trained  # noqa: PLC0415 - torch is slow, and optional

    return _predictor_of((load_trained(path),), name, "run", device)


def teacher_predictor(run: Path, name: str, device: Device) -> Predictor:
    """All members of the teacher of a run as one predictor.

    Args:
        run: Folder of the run.
        name: Name in tables.
        device: Where it runs.

    Raises:
        DataError: If a member is missing.
    """
    from ctiqa.train.load import load_teacher  # noqa: PLC0415 - torch is slow, and optional

    return _predictor_of(load_teacher(run), name, "teacher", device)


def _predictor_of(
    members: Sequence[Trained], name: str, kind: PredictorKind, device: Device
) -> Predictor:
    from ctiqa.train.predict import predict_batch  # noqa: PLC0415 - torch is slow, and optional

    networks = [(each.network.to(device.torch).eval(), each.precision) for each in members]

    def estimate(hu: Images) -> npt.NDArray[np.float32]:
        columns = [predict_batch(net, list(hu), device, precision) for net, precision in networks]
        return np.concatenate(columns, axis=1)

    first = members[0]
    return Predictor(
        name=name,
        kind=kind,
        facts={
            "recipe": first.recipe.name,
            "network": first.recipe.network.kind,
            "members": len(members) if kind == "teacher" else first.recipe.network.outputs,
            "files": [each.file.name for each in members],
            "device": str(device.torch),
            "precision": first.precision,
        },
        estimate=estimate,
        scale=GRADES if first.recipe.start_model else None,
        trained_on=first.data,
    )
