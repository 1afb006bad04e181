"""A whole run: data, networks, teacher and student."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from ctiqa.recipe.data import DataRecipe, Mode, SimulateData
from ctiqa.recipe.network import NetworkRecipe, Stride32Network
from ctiqa.recipe.published import System
from ctiqa.recipe.rules import require_rules, rule
from ctiqa.recipe.training import TrainRecipe


def is_run_name(text: str) -> bool:
    """Whether a text can name a run: a file name of letters, digits, '.', '_' and '-'.

    >>> is_run_name("ctiqa-s3"), is_run_name("../elsewhere")
    (True, False)
    """
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) is not None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything needed to make a model again.

    Attributes:
        name: Name of the model.
        system: The published system that it follows.
        mode: As published, with every defect of :mod:`ctiqa.recipe.published`; or corrected.
        data: How examples are made.
        network: The network of teacher members and student alike.
        pretrain: Training on natural images that comes before all; ``None`` leaves it out.
        teacher: Training of every teacher member.
        student: Training of the student.
        fine_tune: A last training that starts from the student's average; ``None`` leaves it out.
        members: Teacher members, each trained without one fold; 0 trains from labels alone.
        fine_tune_from: Name of the run, beside this one, whose student this one's goes on from;
            empty starts afresh.
        interpolation: Share of the start in the average of both that is kept; 0 keeps what was
            learnt from it alone.
    """

    name: str
    system: System = "ctiqa"
    mode: Mode = "corrected"
    data: DataRecipe = field(default_factory=SimulateData)
    network: NetworkRecipe = field(default_factory=Stride32Network)
    pretrain: TrainRecipe | None = None
    teacher: TrainRecipe = field(default_factory=TrainRecipe)
    student: TrainRecipe = field(default_factory=TrainRecipe)
    fine_tune: TrainRecipe | None = None
    members: int = 5
    fine_tune_from: str = ""
    interpolation: float = 0.0

    def __post_init__(self) -> None:
        folds = self.data.folds
        require_rules(
            rule(
                self,
                "name",
                "a file name of letters, digits, '.', '_' and '-'",
                is_run_name,
            ),
            rule(self, "members", "at least 0", lambda v: v >= 0)
            if self.teacher.hold_out == "first-fold"
            else rule(self, "members", f"0…{folds} (data.folds)", lambda v: 0 <= v <= folds),
            rule(
                self, "fine_tune_from", "a file name, or empty", lambda v: not v or is_run_name(v)
            ),
            rule(self, "interpolation", "in [0, 1)", lambda v: 0 <= v < 1),
            self._mode_rule(),
            self._interpolation_rule(),
            self._outputs_rule(),
            self._distillation_rule(),
            self._pretrain_rule(),
            self._start_rule(),
        )

    def _mode_rule(self) -> str | None:
        if self.mode == "corrected" or self.system != "ctiqa":
            return None
        return "mode must be 'corrected' where system is 'ctiqa', which has published no mistakes"

    def _outputs_rule(self) -> str | None:
        outputs = self.network.outputs
        if not self.members or outputs == self.members:
            return None
        return (
            f"network.outputs must be equal to members = {self.members}, so that every "
            f"output has its teacher, got {outputs}"
        )

    def _distillation_rule(self) -> str | None:
        weight = self.student.distil_weight
        if self.members or not weight:
            return None
        return f"student.distil_weight must be 0 where members is 0, got {weight}"

    def _pretrain_rule(self) -> str | None:
        if self.pretrain is None or self.network.kind == "tfkt":
            return None
        return f"pretrain must be left out where network.kind is {self.network.kind!r}"

    def _start_rule(self) -> str | None:
        if not self.fine_tune_from or self.network.kind == "stride32":
            return None
        return f"fine_tune_from must be left out where network.kind is {self.network.kind!r}"

    def _interpolation_rule(self) -> str | None:
        if not self.interpolation or (self.fine_tune_from and self.fine_tune is None):
            return None
        return (
            "interpolation must be 0 without 'fine_tune_from' or with 'fine_tune', got "
            f"{self.interpolation}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for checkpoints and manifests."""
        return asdict(self)
