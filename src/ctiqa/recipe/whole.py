"""A whole run: data, networks, teacher and student."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from ctiqa.recipe.data import DataRecipe, SimulateData
from ctiqa.recipe.rules import require, rule
from ctiqa.recipe.training import NetworkRecipe, TrainRecipe


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything needed to make a model again.

    Attributes:
        name: Name of the model.
        data: How examples are made.
        network: Size of the network, of teacher members and student alike.
        teacher: Training of every teacher member.
        student: Training of the student.
        polish: A last, gentle training that starts from the student; ``None`` leaves it out.
        members: Teacher members, each trained without one fold.
    """

    name: str
    data: DataRecipe = field(default_factory=SimulateData)
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    teacher: TrainRecipe = field(default_factory=TrainRecipe)
    student: TrainRecipe = field(default_factory=TrainRecipe)
    polish: TrainRecipe | None = None
    members: int = 5

    def __post_init__(self) -> None:
        folds, outputs = self.data.folds, self.network.outputs
        require(
            rule(
                self,
                "name",
                "a file name of letters, digits, '.', '_' and '-'",
                lambda v: re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", v) is not None,
            ),
            rule(self, "members", f"1…{folds} (data.folds)", lambda v: 1 <= v <= folds),
            None
            if outputs == self.members
            else f"network.outputs must be equal to members = {self.members}, so that every "
            f"output has its teacher, got {outputs}",
        )

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for checkpoints and manifests."""
        return asdict(self)
