from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.hu import WINDOWS
from ctiqa.models.inputs import Channels, GreyInput, MinMax, Resized, WindowLayer, resized

HALF = (0.5, 0.5, 0.5)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@given(st.sampled_from(sorted(WINDOWS)), st.floats(-3000, 3000))
def test_windows_by_the_definition(name: str, hu: float) -> None:
    window = WINDOWS[name]
    expected = min(max((hu - window.level_hu) / window.width_hu + 0.5, 0.0), 1.0)
    seen = WindowLayer(name)(torch.tensor([hu])).item()
    assert seen == pytest.approx(expected, abs=1e-5)


@given(st.integers(0, 2**31), st.floats(0.1, 50), st.floats(-1000, 1000))
def test_min_max_ignores_level_and_contrast(seed: int, scale: float, level: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(2, 1, 5, 7, generator=generator)
    seen = MinMax()(image * scale + level)
    assert seen.amin(dim=(1, 2, 3)).tolist() == [0, 0]
    torch.testing.assert_close(seen.amax(dim=(1, 2, 3)), torch.ones(2))
    torch.testing.assert_close(seen, MinMax()(image), atol=2e-3, rtol=0)


def test_every_image_is_stretched_by_itself() -> None:
    dark, bright = torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 4) * 3000
    both = MinMax()(torch.cat([dark, bright]))
    torch.testing.assert_close(both, torch.cat([MinMax()(dark), MinMax()(bright)]))


def test_an_image_without_contrast_is_black() -> None:
    assert not MinMax()(torch.full((1, 1, 3, 3), -1000.0)).any()


def test_channels_by_hand() -> None:
    seen = Channels(*IMAGENET)(torch.full((2, 1, 3, 4), 0.485))
    assert seen.shape == (2, 3, 3, 4)
    expected = [0.0, (0.485 - 0.456) / 0.224, (0.485 - 0.406) / 0.225]
    assert seen[0, :, 0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_shrinking_does_not_alias() -> None:
    # Stripes of one pixel: every fourth pixel alone would be all black or all white.
    stripes = (torch.arange(64) % 2).float().expand(1, 1, 64, 64)
    small = resized(stripes, 16)
    assert small.sub(0.5).abs().max() < 0.04
    assert small[..., 1:-1].sub(0.5).abs().max() < 1e-6


def test_resizing_keeps_what_varies_slowly() -> None:
    ramp = torch.linspace(0, 1, 96).expand(1, 1, 48, 96)
    small = resized(ramp, 32)[0, 0]
    centres = (np.arange(32) + 0.5) * 3 - 0.5
    np.testing.assert_allclose(small[7, 2:-2], centres[2:-2] / 95, atol=1e-6)


def test_an_image_of_the_right_size_is_not_touched() -> None:
    image = torch.rand(1, 1, 32, 32)
    assert resized(image, 32) is image
    assert Resized(0)(image) is image
    assert Resized(16)(image).shape == (1, 1, 16, 16)


def test_grey_by_hand() -> None:
    grey = GreyInput("window", "challenge", HALF, HALF)
    seen = grey(torch.tensor([-1000.0, -300.0, 400.0]).view(1, 1, 1, 3))
    assert seen.flatten().tolist() == pytest.approx([-1, 0, 1])


def test_a_photograph_and_a_slice_of_the_same_brightness_look_the_same() -> None:
    grey = GreyInput("window", "challenge", *IMAGENET)
    rgb = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    hu = torch.tensor([-1000.0, -1000 + 1400 * 0.2, 400.0]).view(1, 1, 1, 3)
    torch.testing.assert_close(grey.photograph(rgb), grey(hu))
    torch.testing.assert_close(grey.photograph(rgb.float()), grey(hu))


def test_green_is_brighter_than_red_than_blue() -> None:
    grey = GreyInput("window", "challenge", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    colours = torch.eye(3).view(3, 3, 1, 1) * 255
    assert grey.photograph(colours).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])


def test_min_max_knows_no_window() -> None:
    grey = GreyInput("min-max", "challenge", HALF, HALF)
    image = torch.rand(2, 1, 4, 4) * 4000 - 1000
    torch.testing.assert_close(grey(image), MinMax()(image))
    torch.testing.assert_close(grey.photograph(image.expand(2, 3, 4, 4)), MinMax()(image))


def test_nothing_here_is_a_weight() -> None:
    parts = [
        WindowLayer("soft"),
        Channels(*IMAGENET),
        GreyInput("window", "soft", HALF, HALF),
        Resized(8),
    ]
    assert all(part.state_dict() == {} for part in parts)
