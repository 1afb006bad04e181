"""The gate for HU: CT passes whatever was done to it, anything else is refused and said to be so.

The bodies are made here; the real ones, behind the mark ``shared``, are measured in full by
``tools/measure_hu_gate.py``.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage
from tools.hu_changes import DAMAGES, HARMLESS, Change, has_patient, turned

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import PADDING_HU
from ctiqa.io import find_scans, stream_slices
from ctiqa.io.hu.gate import check_hu, why_not_hu
from ctiqa.io.hu.histogram import Histogram, sample
from ctiqa.io.hu.padding import without_padding
from ctiqa.types import Slice

Hu = npt.NDArray[np.float64]

SHARED = Path(__file__).parents[2].parent / "shared"
CONTROLS = SHARED / "faults" / "controls"
COLLECTION = SHARED / "ct"

SIDE = 320
FINE = 3
"""Bodies are drawn this much finer than pixels, so that their edges are partly filled."""

Y, X = (np.mgrid[: FINE * SIDE, : FINE * SIDE] - (FINE * SIDE - 1) / 2) / FINE
RADIUS = np.hypot(Y, X)[1::FINE, 1::FINE]


def inside(down: float, right: float, height: float, width: float) -> npt.NDArray[np.bool_]:
    """An ellipse."""
    return np.asarray(np.hypot((Y - down) / height, (X - right) / width) < 1)


def air() -> Hu:
    """Nothing but air."""
    return np.full(Y.shape, -1000.0)


def texture(width: float, seed: int) -> Hu:
    """A random field of standard deviation 1."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(Y.shape), width)
    return np.asarray(field / field.std())


def scanned(ideal: Hu, noise_hu: float = 12.0) -> Hu:
    """A drawing as a scanner shows it: blurred, with noise of a soft kernel, clipped at -1024."""
    pixels = ideal.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3))
    noise = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(pixels.shape), 0.8)
    blurred = ndimage.gaussian_filter(pixels, 0.8)
    hu = (blurred + noise_hu * noise / noise.std()).round()
    return np.asarray(np.maximum(hu, PADDING_HU), np.float64)


@cache
def abdomen() -> Hu:
    """Fat around muscle, a spine, gas, on a couch."""
    hu = air()
    hu[inside(140, 0, 8, 150)] = 60
    hu[inside(0, 0, 105, 140)] = -105
    hu[inside(5, 0, 85, 115)] = 50
    hu[inside(-20, 50, 30, 40)] = 110
    hu[inside(50, 0, 28, 25)] = 900
    hu[inside(50, 0, 25, 22)] = 200
    hu[inside(-40, -30, 14, 20)] = -1000
    return scanned(hu)


@cache
def chest() -> Hu:
    """Two lungs with vessels, ribs and a heart."""
    field = texture(6, 5)
    hu = air()
    hu[inside(0, 0, 105, 145)] = -100
    hu[inside(0, 0, 95, 132)] = 50
    hu[inside(0, 0, 88, 124) & ~inside(0, 0, 86, 122)] = 1200
    lung = inside(0, 65, 72, 50) | inside(0, -65, 72, 50)
    hu[lung] = -860 + 90 * field[lung]
    hu[lung & (field > 2)] = 40
    return scanned(hu, 20)


@cache
def head() -> Hu:
    """A skull around a brain with ventricles."""
    hu = air()
    hu[inside(0, 0, 140, 110)] = -60
    hu[inside(0, 0, 135, 105)] = 45
    hu[inside(0, 0, 130, 100)] = 1300
    hu[inside(0, 0, 126, 96) & ~inside(0, 0, 122, 92)] = 700
    hu[inside(0, 0, 118, 88)] = 36
    hu[inside(-20, 12, 30, 8) | inside(-20, -12, 30, 8)] = 5
    return scanned(hu, 5)


@cache
def limb() -> Hu:
    """Much air, little tissue, bone in it."""
    hu = air()
    hu[inside(0, 0, 50, 50)] = -100
    hu[inside(0, 0, 42, 42)] = 60
    bone = inside(0, 5, 12, 12)
    hu[bone] = (1300 + 200 * texture(4, 3))[bone]
    hu[inside(0, 5, 7, 7)] = -40
    return scanned(hu)


BODIES = {"abdomen": abdomen, "chest": chest, "head": head, "limb": limb}

UNSEEN = {
    "metal ran over": "it looks like metal with dark streaks",
    "times 2, air of one value": "the air passes for padding",
    "intercept twice, air of one value": "the air passes for padding, and brain for air",
    "shifted by 500, noise of 60": "where lung fills little, its place is not full",
}
"""Damages that no histogram of a slice can tell for certain."""


def changed(hu: Hu, change: Change, name: str) -> Hu:
    """One slice after a change."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    after: Hu = change(hu[np.newaxis].astype(np.float64), rng)[0]
    return after


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", HARMLESS)
def test_ct_passes_whatever_was_done_to_it(name: str, body: str) -> None:
    assert why_not_hu(changed(BODIES[body](), HARMLESS[name], name)) is None


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", sorted(DAMAGES.keys() - UNSEEN))
def test_what_is_no_hu_gets_no_score(name: str, body: str) -> None:
    values = changed(BODIES[body](), DAMAGES[name], name)
    assert why_not_hu(values) or not has_patient(values)


@pytest.mark.parametrize("name", ["no intercept", "z-scores", "times 2", "clipped to -160…240"])
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])
def test_kind_of_number_does_not_matter(name: str, dtype: Any) -> None:
    values = changed(abdomen(), DAMAGES[name], name)
    assert why_not_hu(values.astype(dtype))
    assert why_not_hu(abdomen().astype(dtype)) is None


def test_one_damaged_volume_is_found_though_slices_hide_it() -> None:
    """Of air at one value twice too low, slices without lung look like padded ones."""
    twice = [
        2 * changed(body(), HARMLESS["cut out, padded with -1024"], "") for body in (head, chest)
    ]
    assert why_not_hu(twice[0]) is None
    assert why_not_hu(np.stack(twice))


# -- look-alikes


@pytest.mark.parametrize("value", [-32768, -3024, -1024, -1000, 0, 40, 3071])
def test_blank_images_are_left_to_the_scorer(value: int) -> None:
    assert why_not_hu(np.full((SIDE, SIDE), value)) is None


@pytest.mark.parametrize("padding", [-1000, -1024, -2000, -3024])
def test_air_beyond_the_body_is_left_to_the_scorer(padding: int) -> None:
    hu = scanned(air())
    hu[300:303, 40:200] = -200
    hu[RADIUS > SIDE / 2] = padding
    assert why_not_hu(hu) is None


def test_field_of_view_within_the_body() -> None:
    heart = scanned(np.where(Y < -100, -100.0, 45.0) + 30 * texture(9, 2))
    assert -300 < heart.min() < -150
    assert why_not_hu(heart) is None


def test_quiet_brain_that_never_reaches_below_water() -> None:
    brain = scanned(np.where(inside(0, 0, 40, 30), 9.0, 34.0), 2)
    assert brain.min() >= 0
    assert why_not_hu(brain) is None
    brain[:20, :20] = 900  # a corner of the skull
    assert why_not_hu(brain) is None


def test_water_phantom_beyond_the_field_of_view() -> None:
    assert why_not_hu(scanned(0 * air(), 6)) is None


def test_lung_that_fills_the_image() -> None:
    field = texture(6, 1)
    lung = np.where(field > 1.8, 45, -850 + 90 * field)
    assert why_not_hu(scanned(lung)) is None


def test_uniform_plastic_as_dense_as_bone() -> None:
    phantom = air()
    phantom[inside(0, 0, 120, 120)] = 8
    phantom[inside(40, 40, 50, 50)] = 950
    assert why_not_hu(scanned(phantom)) is None


def test_phantoms_without_noise() -> None:
    phantom = air()[::FINE, ::FINE]
    phantom[RADIUS < 120] = 0
    phantom[RADIUS < 20] = 120
    assert why_not_hu(phantom) is None


def test_metal_with_dark_streaks() -> None:
    hu = abdomen().copy()
    hu[200:220, 150:170] = 3071
    hu[208:211, 20:300] = -1024
    hu[205:214, 158:162] = 3071
    assert why_not_hu(hu) is None


def test_padding_that_lossy_compression_smeared() -> None:
    far = RADIUS > SIDE / 2
    hu = np.where(far, -3034 + np.random.default_rng(0).normal(0, 60, far.shape), abdomen())
    hu[0, :40] = -4000
    assert why_not_hu(hu) is None


# -- words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no intercept", r"no value below 0 \(they span 0 to \d+\).*apply the rescale slope"),
        ("no intercept, one of -1", r"hardly any value below 0 \(they span -1"),
        ("no intercept, noisy air", r"\d\d% of the pixels above 700|as uniform as soft tissue"),
        ("[0, 1]", r"values in \[0, 1\].*display brightness; .* pass 1400 \* p - 1000"),
        ("z-scores", r"less than noise alone does in HU; undo the normalisation"),
        (
            "times 7",
            r"\d\d% of the pixels below -1150, lower than air.*apply slope and intercept once",
        ),
        ("clipped to -160…240", r"\d\d% of the pixels at -160 and hardly any below"),
        ("clipped to -1000…240", r"% of the pixels at 240 and none above"),
        ("shifted by 200", r"looks like air at -\d\d\d|at -\d\d\d and hardly any below"),
        ("signed 12 bits read as unsigned", r"no value below 0"),
        ("bytes swapped, signed", r"\d\d% of the pixels (above 2000|below -1150)"),
        ("sign inverted", r"\d\d% of the pixels above 700.*check sign, byte order"),
        ("overlay in bit 12", r"\d+ jumps between air and metal|above 2000"),
    ],
)
def test_words_say_what_is_seen_and_what_helps(name: str, words: str) -> None:
    why = why_not_hu(changed(abdomen(), DAMAGES[name], name))
    assert why
    assert re.search(words, why), why


def test_refusal_has_the_reason_of_the_caller() -> None:
    with pytest.raises(RefusedError, match=r"must be CT numbers in HU .*, got no value") as caught:
        check_hu(abdomen() + 1024, Reason.HU_CONVENTION_UNKNOWN)
    assert caught.value.reason is Reason.HU_CONVENTION_UNKNOWN
    check_hu(abdomen(), Reason.NOT_HU)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_has_a_reason_of_its_own(value: float) -> None:
    hu = abdomen().copy()
    hu[3, 3] = value
    with pytest.raises(RefusedError, match="must be finite") as caught:
        check_hu(hu, Reason.NOT_HU)
    assert caught.value.reason is Reason.NOT_FINITE


def test_higher_than_scanners_go() -> None:
    hu = abdomen().copy()
    hu[3, 3] = 40_000
    assert why_not_hu(hu) == "a value of 40000, above anything a scanner makes"
    with pytest.raises(RefusedError, match="got a value of 40000") as caught:
        check_hu(hu, Reason.HU_CONVENTION_UNKNOWN)
    assert caught.value.reason is Reason.NOT_HU


# -- padding and histogram


def test_padding_is_left_out_and_nothing_else() -> None:
    hu = np.where(RADIUS > SIDE / 2, -3024, abdomen())
    rest = without_padding(Histogram.of(hu), hu)
    kept = (hu > -3024).mean()
    assert rest.pixels == pytest.approx(kept * Histogram.of(hu).pixels, rel=0.05)
    assert rest.share(stop=-1100) == 0


def test_air_too_low_is_no_padding() -> None:
    hu = 2 * abdomen()
    assert without_padding(Histogram.of(hu), hu).share(stop=-1500) > 0.3


def test_padding_blended_by_resampling_is_padding() -> None:
    hu = turned(abdomen()[np.newaxis], -3024)[0]
    assert without_padding(Histogram.of(hu), hu).share(stop=-1500) < 0.01


def test_histogram_counts_what_numpy_counts() -> None:
    values = np.random.default_rng(0).normal(0, 400, (128, 256)).round()
    histogram = Histogram.of(values)
    assert histogram.pixels == values.size
    assert histogram.share(-100, 300) == pytest.approx(((values >= -100) & (values < 300)).mean())
    assert histogram.share() == 1
    assert histogram.share(5000) == 0
    assert histogram.quantile(0.25) == np.quantile(values, 0.25, method="inverted_cdf")
    assert (histogram.low, histogram.top) == (values.min(), values.max())


def test_fullest_stretch_is_found() -> None:
    values = np.full((64, 64), -1000)
    values[:20] = 40
    values[20:30] = 45
    where, share = Histogram.of(values).densest(-200, 300, 60)
    assert -15 < where <= 40
    assert share == pytest.approx(30 / 64)
    assert Histogram.of(values).densest(500, 700, 60)[1] == 0


def test_values_beyond_belief_are_counted_at_the_ends() -> None:
    histogram = Histogram.of(np.array([[-1e38, 0.0], [30_000, 1e38]]))
    assert histogram.pixels == 4
    assert histogram.share(5999) == 0.5


@pytest.mark.parametrize("shape", [(1, 1), (256, 256), (2048, 2048), (40, 512, 512)])
def test_samples_are_large_enough_and_no_copy(shape: tuple[int, ...]) -> None:
    values = np.zeros(shape, np.int8)
    some = sample(values)
    assert min(values.size, 20_000) <= some.size <= 140_000
    assert np.shares_memory(some, values)


# -- real slices


@pytest.mark.shared
@pytest.mark.skipif(not CONTROLS.is_dir(), reason="needs ../shared/faults")
def test_look_alikes_among_the_faults_are_read() -> None:
    found = find_scans([CONTROLS])
    headers = [header for scan in found.scans for header in scan.headers]
    results = list(stream_slices(headers))
    assert headers
    refused = [each.file.name for each in results if not isinstance(each, Slice)]
    # Numbers above the bits they are said to have: a header that contradicts its pixels.
    assert refused == ["signed-flag-12-bits-stored-but-values-above-2047.dcm"]


def middles() -> list[Any]:
    """The name of every series of the collection."""
    if not COLLECTION.is_dir():
        return []
    return [each["file"] for each in json.loads((COLLECTION / "index.json").read_text())]


@pytest.mark.shared
@pytest.mark.skipif(not COLLECTION.is_dir(), reason="needs ../shared/ct")
@pytest.mark.parametrize("name", ["as it is, from -1024", "centre crop 0.5", "padded and rotated"])
def test_nobody_in_the_collection_is_wronged(name: str) -> None:
    wronged = []
    for file in middles():
        with np.load(COLLECTION / file, allow_pickle=False) as stored:
            hu = stored["hu"][len(stored["hu"]) // 2]
        after = changed(np.maximum(hu, PADDING_HU), HARMLESS[name], name)
        wronged += [(file, why) for values in (hu, after) if (why := why_not_hu(values))]
    assert wronged == []


@pytest.mark.shared
@pytest.mark.skipif(not COLLECTION.is_dir(), reason="needs ../shared/ct")
@pytest.mark.parametrize("name", ["no intercept, padding made -1024", "times 2", "z-scores"])
def test_nobody_in_the_collection_gets_away(name: str) -> None:
    missed = []
    for file in middles()[::5]:
        with np.load(COLLECTION / file, allow_pickle=False) as stored:
            hu = stored["hu"].astype(np.float64)
        values = DAMAGES[name](np.maximum(hu, PADDING_HU), np.random.default_rng(0))
        if why_not_hu(values) is None and has_patient(values):
            missed.append(file)
    assert missed == []
