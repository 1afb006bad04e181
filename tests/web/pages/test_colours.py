"""Texts can be read on their grounds, light and dark (WCAG 2.2, 1.4.3: 4.5)."""

from __future__ import annotations

import re

import pytest

from ctiqa.web.pages.parts.files import contents

TEXTS = ("ink", "soft", "blue", "rust", "green")

PAIRS = (
    *(
        (text, ground)
        for text in ("ink", "soft", "blue", "rust", "green")
        for ground in ("paper", "wash")
    ),
    ("ink", "warn"),
    ("paper", "blue"),
)

LEAST = 4.5


def palettes() -> list[dict[str, str]]:
    """Colours of the style sheet by name, light and dark."""
    style = contents()["site.css"].decode()
    blocks = re.findall(r":root \{([^}]*)\}", style)
    return [dict(re.findall(r"--([\w-]+): (#\w{6})\b", block)) for block in blocks]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_there_are_light_and_dark_colours() -> None:
    assert len(palettes()) == 2


@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_a_text_stands_out_from_its_ground(place: int, pair: tuple[str, str]) -> None:
    colours = palettes()[place]
    dark, light = sorted(luminance(colours[name]) for name in pair)
    assert (light + 0.05) / (dark + 0.05) >= LEAST
