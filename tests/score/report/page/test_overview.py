"""A page of many scans: the worst at once, groups that can be compared, small."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.html_page import EVIL, read_page
from tests.score.made import answered, phantom, scan_of, verdict
from tests.score.report.page.made import page as any_page
from tests.score.report.page.made import text_of

from ctiqa.score.report.page.overview import MANY, UNKNOWN
from ctiqa.types import Acquisition, ScanScore

SCANNERS = (("Siemens", "Sensation 16"), ("SIEMENS", "Sensation 16"), ("GE", "Revolution"))
KERNELS = ("B10f", "B30f", "B60f")
MOST_BYTES = 20_000
"""Upper bound of the size of a page per scan."""


def scan(name: str, score: float | None, noise_hu: float = 12.0, **facts: Any) -> ScanScore:
    """A scan of three slices with one score."""
    slices = [
        replace(each, header=acquired(each.header, **facts))
        for each in (answered(score, index, noise_hu=noise_hu) for index in range(3))
    ]
    return scan_of(*slices, name=name)


def acquired(header: Any, **facts: Any) -> Any:
    return replace(header, acquisition=Acquisition(**facts))


def many(count: int = 50) -> list[ScanScore]:
    """Scans of several scanners, body parts and kernels, in no order; the worst is scan 49."""
    return [
        scan(
            f"scan-{k:02}",
            round(4 - (k * 37 % count) / count * 4, 3) if k != 49 else 0.01,
            manufacturer=SCANNERS[k % 3][0],
            model=SCANNERS[k % 3][1],
            body_part=("CHEST", "ABDOMEN")[k % 2],
            kernel=KERNELS[k % 3],
            kvp=120.0,
        )
        for k in range(count)
    ]


def mapped(scan: ScanScore) -> ScanScore:
    """The scan with maps of local noise of its slices."""
    noise_hu = np.random.default_rng(0).uniform(4, 128, (8, 8)).astype(np.float32)
    slices = tuple(replace(each, noise_map_hu=noise_hu) for each in scan.slices)
    return replace(scan, slices=slices)


def page(*scans: ScanScore) -> str:
    """The page of these scans, with a picture that is quickly made."""
    return any_page(*scans, hu=phantom(side=64))


def groups_of(text: str) -> dict[str, list[tuple[str, float]]]:
    """Names and scores of the scans listed in each group, in order."""
    found = {}
    for group in re.findall('<section class="group".*?</section>', text, re.DOTALL):
        title = re.findall("<h3[^>]*>(.*?)<span", group, re.DOTALL)[0]
        heads = re.findall("<summary>(.*?)</summary>", group, re.DOTALL)
        found[title.strip()] = [
            (
                text_of(re.findall('<span class="name">(.*?)</span>', head)[0]),
                float(re.findall(r'<span class="number[^>]*>([\d.]+)', head)[0]),
            )
            for head in heads
        ]
    return found


def test_fifty_scans_name_the_three_worst_first() -> None:
    scans = many()
    text = page(*scans)
    (worst,) = re.findall("<h2[^>]*>The 3 worst scans</h2>(.*?)</section>", text, re.DOTALL)
    expected = sorted(scans, key=lambda each: each.score or 0)[:3]
    assert re.findall('<a href="#scan-\\d+">(.*?)</a>', worst) == [
        each.scan.path.name for each in expected
    ]
    assert text.index("The 3 worst scans") < text.index("All scans, worst first")


def test_fifty_scans_are_grouped_and_sorted_worst_first() -> None:
    scans = many()
    groups = groups_of(page(*scans))
    assert set(groups) == {
        f"{scanner} · {part} · {kernel}"
        for scanner, kernel in (
            ("Siemens Sensation 16", "B10f"),
            ("SIEMENS Sensation 16", "B30f"),
            ("GE Revolution", "B60f"),
        )
        for part in ("Chest", "Abdomen")
    }
    listed = [name for group in groups.values() for name, _ in group]
    assert sorted(listed) == [each.scan.path.name for each in scans]
    for group in groups.values():
        scores = [score for _, score in group]
        assert scores == sorted(scores)
    firsts = [group[0][1] for group in groups.values()]
    assert firsts == sorted(firsts)


def test_fifty_scans_make_a_small_whole_page() -> None:
    rng = np.random.default_rng(1)
    noisy = (phantom(lung=True) + rng.normal(0, 40, (256, 256))).astype(np.float32)
    text = any_page(*map(mapped, many()), hu=noisy)
    assert len(text.encode()) <= 50 * MOST_BYTES
    found = read_page(text)
    assert len(found.images) == 50 * (2 * 2 + 1)
    assert len(found.links) == 3


def test_pictures_are_shown_on_demand() -> None:
    text = page(*many(MANY))
    closed = re.sub("<details.*?</details>", "", text, flags=re.DOTALL)
    assert "<img" in text
    assert "<img" not in closed
    assert "<details open" not in text


def test_a_few_scans_have_cards() -> None:
    scans = many(MANY)
    assert "The 3 worst scans" in page(*scans)
    few = page(*scans[1:])
    assert "worst scans" not in few
    assert few.count('<section class="scan"') == MANY - 1


def test_scans_of_equal_score_are_sorted_by_their_noise() -> None:
    scans = [scan(f"scan-{k}", 4.0, noise_hu=5.0 + k % 5 + k / 100) for k in range(MANY)]
    ((_, group),) = groups_of(page(*scans)).items()
    expected = sorted(scans, key=lambda each: -(each.equivalent_noise_hu or 0))
    assert [name for name, _ in group] == [each.scan.path.name for each in expected]


def test_scanners_whose_names_differ_in_case_are_one_group() -> None:
    scans = [
        scan(f"scan-{k}", 2.0, manufacturer=("Siemens", "SIEMENS")[k % 2], kernel="B30f")
        for k in range(MANY)
    ]
    assert [len(group) for group in groups_of(page(*scans)).values()] == [MANY]


def test_scans_that_say_nothing_are_a_group() -> None:
    silent = [scan_of(verdict(2.0), name=f"scan-{k}") for k in range(MANY)]
    assert list(groups_of(page(*silent))) == [UNKNOWN]


def test_abstained_scans_are_listed_apart_with_the_reason() -> None:
    limbs = scan_of(*(answered(None, k, region="limb") for k in range(4)), name="limbs")
    text = page(*many(MANY), limbs)
    assert all(name != "limbs" for group in groups_of(text).values() for name, _ in group)
    (section,) = re.findall("<h2[^>]*>Not scored</h2>(.*?)</section>", text, re.DOTALL)
    (head,) = re.findall("<summary>(.*?)</summary>", section, re.DOTALL)
    assert text_of(head) == "limbs 0 of 4 slices; not judged: 4 limb"


def test_scans_without_any_score_make_a_page() -> None:
    text = page(*(scan_of(verdict(None), name=f"scan-{k}") for k in range(MANY)))
    read_page(text)
    assert "worst" not in re.sub("<style>.*?</style>", "", text, flags=re.DOTALL)
    assert "no body in the slice" in text


@pytest.mark.parametrize("score", [2.473, 3.4999])
def test_no_number_crosses_the_border_of_its_word(score: float) -> None:
    text = page(*(scan(f"scan-{k}", score) for k in range(MANY)))
    assert f"{score:.1f}" not in text_of(re.sub("<style>.*?</style>", "", text, flags=re.DOTALL))


def test_no_word_where_the_kernel_is_sharp() -> None:
    sharp = scan_of(answered(1.0, findings=("sharp kernel",)), name="sharp")
    text = page(sharp, *many(MANY))
    (head,) = re.findall("<summary>((?:(?!</summary>).)*?>sharp<.*?)</summary>", text, re.DOTALL)
    shown = text_of(re.sub("<svg.*?</svg>", "", head, flags=re.DOTALL))
    assert shown == "sharp 1.0 equivalent noise 12.0 HU sharp kernel in 1 slice"


def test_texts_from_files_are_escaped() -> None:
    scans = [scan(EVIL, 2.0, kernel=EVIL, manufacturer=EVIL, model=EVIL, body_part=EVIL)] * MANY
    text = page(*scans)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 3 * MANY
    assert Path(EVIL).name in text.replace("&lt;", "<").replace("&gt;", ">")
    read_page(text)
