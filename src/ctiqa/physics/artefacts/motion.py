"""Patient motion during the gantry rotation.

A line through the moved patient corresponds to another line through the patient at rest, so each
view is interpolated from the sinogram at rest. The moved patient is never projected, however many
positions there are.

Lu W, Mackie TR. Tomographic motion detection and correction directly in sinogram space.
Phys Med Biol 47(8):1267–1284, 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.geometry import FanBeam, Sinogram
from ctiqa.types import Floats, HuImage

Course = Literal["step", "drift", "swing"]
"""A jump; a smooth transition to the new position; a smooth transition there and back."""

MARGIN_VIEWS = 16
"""Views repeated at both ends of the rotation, more than a cubic spline reaches."""


@dataclass(frozen=True, slots=True)
class Motion:
    """In-plane motion of the patient during one gantry rotation.

    At its maximum the motion maps the anatomy to ``fixed + shift + R·S·(x − fixed)``, where S is
    the stretch and R the rotation. Before the motion the anatomy lies where the slice shows it,
    unless ``about_mean``. Breathing is a ``swing`` of ``stretch_y`` about a fixed point at the
    patient's back.

    Attributes:
        shift_x_mm: Translation to the right in mm.
        shift_y_mm: Translation downwards in mm.
        stretch_x: Relative increase in width, in (−0.5, 1); 0.02 is two per cent wider.
        stretch_y: Relative increase in height, in (−0.5, 1).
        rotation_deg: Clockwise rotation in degrees.
        fixed_x_mm: Fixed point of stretch and rotation, in mm to the right of the isocentre.
        fixed_y_mm: Fixed point, in mm below the isocentre.
        course: Time course of the motion (see :data:`Course`).
        begins: Start of the motion as a fraction of the rotation, in [0, 1).
        ends: End of the motion as a fraction of the rotation, in (begins, 1]; a ``step`` lasts
            until then.
        start_deg: Gantry angle of the first view in degrees, 0 with the tube at the bottom.
        about_mean: Whether the slice shows the mean position during the rotation, so that the
            added image is artefact rather than displacement.

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.

    >>> Motion(shift_x_mm=2.0, course="step", begins=0.5).amount(np.array([0.4, 0.6])).tolist()
    [0.0, 1.0]
    """

    shift_x_mm: float = 0.0
    shift_y_mm: float = 0.0
    stretch_x: float = 0.0
    stretch_y: float = 0.0
    rotation_deg: float = 0.0
    fixed_x_mm: float = 0.0
    fixed_y_mm: float = 0.0
    course: Course = "drift"
    begins: float = 0.0
    ends: float = 1.0
    start_deg: float = 0.0
    about_mean: bool = False

    def __post_init__(self) -> None:
        finite = ("shift_x_mm", "shift_y_mm", "rotation_deg", "fixed_x_mm", "fixed_y_mm")
        rules = [
            (math.isfinite(value), f"'{name}' must be finite, got {value}")
            for name in (*finite, "start_deg")
            for value in [getattr(self, name)]
        ]
        rules += [
            (-0.5 < value < 1, f"'{name}' must be in (-0.5, 1), a fraction, got {value}")
            for name in ("stretch_x", "stretch_y")
            for value in [getattr(self, name)]
        ]
        check_rules(
            *rules,
            (
                self.course in {"step", "drift", "swing"},
                f"'course' must be step, drift or swing, got {self.course!r}",
            ),
            (
                0 <= self.begins < self.ends <= 1,
                "'begins' and 'ends' must be parts of the turn with 0 <= begins < ends <= 1, "
                f"got {self.begins} and {self.ends}",
            ),
        )

    def amount(self, turn: Floats) -> Floats:
        """Amount of the motion at fractions of the rotation in [0, 1).

        In [0, 1]; with ``about_mean``, relative to its mean over the given fractions.
        """
        share = self._share(turn)
        return share - share.mean() if self.about_mean else share

    def _share(self, turn: Floats) -> Floats:
        passed = np.clip((turn - self.begins) / (self.ends - self.begins), 0.0, 1.0)
        if self.course == "step":
            return np.asarray((turn >= self.begins) & (turn < self.ends), dtype=np.float64)
        waves = 1.0 if self.course == "swing" else 0.5
        return np.asarray((1 - np.cos(2 * np.pi * waves * passed)) / 2)


def move(measured: MeasuredRays, motion: Motion) -> HuImage:
    """Motion artefact of a slice: doubled edges, streaks, blur.

    Everything in the slice moves, including noise and couch. Structures outside the reconstruction
    circle are treated as air.

    Args:
        measured: The slice at rest.
        motion: Motion of the patient.

    Returns:
        Artefact to add to the slice, in HU, float32 [rows, cols]; exactly zero without motion.

    >>> from ctiqa.physics import measure
    >>> rest = measure(np.zeros((16, 16), np.float32), (4.0, 4.0), n_views=8)
    >>> bool(move(rest, Motion()).any()), bool(move(rest, Motion(shift_x_mm=5)).any())
    (False, True)
    """
    scan = measured.scan
    turn = np.mod(scan.angles_rad / (2 * np.pi) - motion.start_deg / 360, 1.0)
    amount = motion.amount(turn)
    change = np.zeros_like(measured.sinogram)
    moved = np.flatnonzero(amount) if _moves(motion) else np.empty(0, dtype=np.intp)
    if moved.size == 0:
        return np.zeros_like(measured.hu, dtype=np.float32)
    view, column, gain = _lines_at_rest(scan, moved, amount[moved], motion)
    lines = _look_up(measured.sinogram, view, column) * gain
    change[moved] = lines - measured.sinogram[moved]
    return measured.image_of(change)


def _moves(motion: Motion) -> bool:
    sizes = (motion.shift_x_mm, motion.shift_y_mm, motion.stretch_x, motion.stretch_y)
    return any((*sizes, motion.rotation_deg))


def _lines_at_rest(
    scan: FanBeam, views: npt.NDArray[np.intp], amount: Floats, motion: Motion
) -> tuple[Floats, Floats, Floats]:
    """Fractional view and detector of the same line at rest, and its gain in length.

    A line n·x = t through the moved patient x = c + b + A(u − c) is m·u = t − n·(c + b) + m·c at
    rest, with m = Aᵀn; its line integral scales by det A / |m|. A ray of view β and offset s has
    the normal β + γ and the distance D·sin γ, where tan γ = s/D.
    """
    distance = scan.source_to_iso_mm
    fan = np.arctan(scan.offsets_mm / distance)[None]
    normal = scan.angles_rad[views][:, None] + fan
    n_x, n_y = np.cos(normal), np.sin(normal)
    part = amount[:, None]
    grow_x, grow_y = 1 + part * motion.stretch_x, 1 + part * motion.stretch_y
    turned = part * math.radians(motion.rotation_deg)
    m_x = grow_x * (np.cos(turned) * n_x + np.sin(turned) * n_y)
    m_y = grow_y * (np.cos(turned) * n_y - np.sin(turned) * n_x)
    size = np.hypot(m_x, m_y)
    there = distance * np.sin(fan) - part * (n_x * motion.shift_x_mm + n_y * motion.shift_y_mm)
    there += (m_x - n_x) * motion.fixed_x_mm + (m_y - n_y) * motion.fixed_y_mm
    angle = np.arcsin(np.clip(there / size / distance, -0.99, 0.99))
    view = (np.arctan2(m_y, m_x) - angle) * (scan.n_views / (2 * np.pi))
    column = (distance * np.tan(angle) - scan.offsets_mm[0]) / scan.pitch_mm
    return np.mod(view, scan.n_views), column, grow_x * grow_y / size


def _look_up(sinogram: Sinogram, view: Floats, column: Floats) -> Sinogram:
    """Cubic interpolation, because linear interpolation would blur."""
    around = np.pad(sinogram, ((MARGIN_VIEWS, MARGIN_VIEWS), (0, 0)), mode="wrap")
    lines = ndimage.map_coordinates(around, [view + MARGIN_VIEWS, column], order=3, mode="constant")
    return np.asarray(lines, dtype=np.float32)
