"""Recipe of a whole run: data, network, teacher and student."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ctiqa.recipe.data import DataRecipe, Mode, SimulateData
from ctiqa.recipe.network import AnswersNetwork, NetworkRecipe, Stride32Network
from ctiqa.recipe.published import System
from ctiqa.recipe.rules import is_run_name, require_rules, rule
from ctiqa.recipe.training import FineTuneRecipe, TrainRecipe


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything needed to reproduce a model.

    Attributes:
        name: Name of the model.
        system: The published system that it follows.
        mode: As published, with every defect of :mod:`ctiqa.recipe.published`; or corrected.
        data: How examples are made.
        network: The network of teacher members and student.
        pretrain: First training, on natural images; ``None`` leaves it out.
        teacher: Training of every teacher member.
        student: Training of the student.
        fine_tune: Further training of a student: this run's, another's, or an installed model;
            ``None`` leaves it out.
        members: Number of teacher members, each trained without one fold; 0 trains on labels only.
    """

    name: str
    system: System = "ctiqa"
    mode: Mode = "corrected"
    data: DataRecipe = field(default_factory=SimulateData)
    network: NetworkRecipe = field(default_factory=Stride32Network)
    pretrain: TrainRecipe | None = None
    teacher: TrainRecipe = field(default_factory=TrainRecipe)
    student: TrainRecipe = field(default_factory=TrainRecipe)
    fine_tune: FineTuneRecipe | None = None
    members: int = 5

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
            self._mode_rule(),
            self._outputs_rule(),
            *self._distillation_rules(),
            self._pretrain_rule(),
            *self._start_rules(),
            *self._model_rules(),
        )

    @property
    def start(self) -> str:
        """Run or model that is trained further; empty where a student is trained first."""
        return self.fine_tune.start if self.fine_tune else ""

    @property
    def start_model(self) -> str:
        """Installed model that is trained further; its scores are grades, whatever the labels."""
        return self.fine_tune.from_model if self.fine_tune else ""

    @property
    def student_trainings(self) -> dict[str, TrainRecipe]:
        """Trainings of the student, by table, in order."""
        tables = {"student": None if self.start else self.student, "fine_tune": self.fine_tune}
        return {name: train for name, train in tables.items() if train is not None}

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

    def _distillation_rules(self) -> Iterator[str]:
        for name, train in self.student_trainings.items():
            if not self.members and train.distil_weight:
                yield (
                    f"{name}.distil_weight must be 0 where members is 0, got {train.distil_weight}"
                )

    def _pretrain_rule(self) -> str | None:
        if self.pretrain is None or self.network.kind == "tfkt":
            return None
        return f"pretrain must be left out where network.kind is {self.network.kind!r}"

    def _start_rules(self) -> Iterator[str]:
        kind = self.network.kind
        if self.start and not self.start_model and kind != "stride32":
            yield f"fine_tune.from_run must be left out where network.kind is {kind!r}"
        if self.start and self.student != TrainRecipe():
            yield f"student must be left out where fine_tune starts from {self.start!r}"

    def _model_rules(self) -> Iterator[str]:
        """What an installed model needs: a network with the same answers, and no teacher."""
        where = f"where fine_tune.from_model is {self.start_model!r}"
        if not self.start_model:
            return
        if self.members:
            yield f"members must be 0 {where}, got {self.members}"
        if not isinstance(self.network, AnswersNetwork):
            yield f"network.kind must be 'answers' {where}, got {self.network.kind!r}"
        elif not self.network.beyond or self.network.normalised:
            yield (
                f"network.beyond must be true and network.normalised false {where}: readers' "
                "scores change the score and not the equivalent noise"
            )

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for checkpoints and manifests."""
        return asdict(self)
