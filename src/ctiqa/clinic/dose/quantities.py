"""Numbers of a dose report: units are checked, zero is unknown, and limits are physical."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a dose report (CID 10013 and TID 10013 of PS3.16).

    Attributes:
        code: Its code in the scheme DCM.
        name: What it is called in messages.
        unit: The unit that it is kept in, for messages.
        units: Factors to this unit, by code of UCUM or what vendors write instead.
        least: Smallest plausible value.
        most: Largest plausible value.
    """

    code: str
    name: str
    unit: str
    units: Mapping[str, float]
    least: float
    most: float


QUANTITIES = {
    "ctdivol_mgy": Quantity(
        "113830", "Mean CTDIvol", "mGy", {"mGy": 1, "cGy": 10, "Gy": 1000, "uGy": 1e-3}, 0.001, 1000
    ),
    "dlp_mgy_cm": Quantity(
        "113838",
        "DLP",
        "mGy.cm",
        {
            **dict.fromkeys(("mGy.cm", "mGycm", "mGy*cm", "mGy·cm", "mGy cm", "cm.mGy"), 1),
            **dict.fromkeys(("Gy.cm", "Gycm"), 1000),
        },
        0.001,
        100_000,
    ),
    "length_mm": Quantity("113825", "Scanning Length", "mm", _MILLIMETRES, 0.1, 3000),
    "pitch": Quantity(
        "113828", "Pitch Factor", "1", dict.fromkeys(("{ratio}", "1", "ratio"), 1), 0.01, 10
    ),
    "kvp": Quantity("113733", "KVP", "kV", {"kV": 1, "kVp": 1, "V": 1e-3}, 10, 300),
}
"""By field of :class:`ctiqa.clinic.records.dose_values.DoseEvent`."""


class ImplausibleError(ValueError):
    """A number cannot be used; the message says why, without quoting a text of the report."""


def measured(items: Sequence[Any], quantity: Quantity) -> float | None:
    """The value that content items state.

    Args:
        items: All items of one event with the code of the quantity.
        quantity: What is looked for.

    Returns:
        The value; ``None`` if there is none, or if it is 0, which scanners write for unknown.

    Raises:
        ImplausibleError: If it is no number, has another unit, is not plausible, or if several
            items contradict each other.

    >>> from pydicom import Dataset
    >>> unit, value, item = Dataset(), Dataset(), Dataset()
    >>> unit.CodeValue, value.NumericValue = "cGy", "1.2"
    >>> value.MeasurementUnitsCodeSequence, item.MeasuredValueSequence = [unit], [value]
    >>> measured([item], QUANTITIES["ctdivol_mgy"])
    12.0
    """
    found = [value for item in items if (value := _value(item, quantity)) is not None]
    if any(not math.isclose(value, found[0], rel_tol=1e-3) for value in found):
        raise ImplausibleError(f"{quantity.name} is stated with different values")
    return found[0] if found else None


def _value(item: Any, quantity: Quantity) -> float | None:
    values = item.get("MeasuredValueSequence") or ()
    if not values or values[0].get("NumericValue") is None:
        return None
    number = _number(values[0].get("NumericValue"), quantity)
    if number == 0:
        return None
    codes = values[0].get("MeasurementUnitsCodeSequence") or ()
    factor = quantity.units.get(str(codes[0].get("CodeValue", "")).strip()) if codes else None
    if factor is None:
        raise ImplausibleError(f"{quantity.name} must be in {quantity.unit}, and is not")
    value = number * factor
    if not quantity.least <= value <= quantity.most:
        raise ImplausibleError(
            f"{quantity.name} must be {quantity.least:g} to {quantity.most:g} {quantity.unit}, "
            f"got {value:g}"
        )
    return value


def _number(stated: Any, quantity: Quantity) -> float:
    try:
        number = float(stated)
    except (TypeError, ValueError):
        raise ImplausibleError(f"{quantity.name} is no single number") from None
    if not math.isfinite(number):
        raise ImplausibleError(f"{quantity.name} is not finite")
    return number
