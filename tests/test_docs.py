"""Every relative link and anchor of README.md and docs/ exists; what the site makes of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from tests.score.made import report, scan_score, skip
from tools.site import api, commands, diagrams
from tools.site.links import AT_ROOT, ROOT, for_site, outside_code, page_of, relative_links

from ctiqa import metrics
from ctiqa.cli.app import app
from ctiqa.errors import Reason
from ctiqa.score.report.as_json import report_as_dict

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *map(ROOT.joinpath, AT_ROOT)])

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """Anchors of the headings of a page, as code hosts and the site make them."""
    found: set[str] = set()
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.MULTILINE)
    for heading in headings:
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def broken(text: str, place: str) -> list[str]:
    """Relative links of a page to what does not exist."""
    found = []
    for link in relative_links(text, place):
        target = ROOT / link.file
        if not target.exists():
            found.append(link.file)
        elif link.anchor and link.anchor not in anchors(target.read_text(encoding="utf-8")):
            found.append(f"{link.file}#{link.anchor}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_anchors_exist(page: Path) -> None:
    assert broken(page.read_text(encoding="utf-8"), name_of(page)) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("[a](nothing.md)", ["docs/nothing.md"]),
        ("[a](score.md#nothing)", ["docs/score.md#nothing"]),
        ("[a](#nothing)", ["docs/score.md#nothing"]),
        ("[a](../src/nothing.py)", ["src/nothing.py"]),
        ("![a](images/nothing.png)", ["docs/images/nothing.png"]),
        ("[a](#the-scale) [b](../README.md#try-it) `[c](nothing.md)`", []),
    ],
)
def test_broken_links_are_found(text: str, missing: list[str]) -> None:
    assert broken(text, "docs/score.md") == missing


def test_links_to_files_lead_to_their_pages() -> None:
    text = "[a](../../recipes/tfkt.toml) [b](../score.md#x) [c](https://a.b) [d](gone.md)"
    made = for_site(text, "docs/how-to/a.md")
    assert (
        made
        == "[a](../source/recipes/tfkt.toml.md) [b](../score.md#x) [c](https://a.b) [d](gone.md)"
    )
    assert for_site("[a](docs/score.md)", "CHANGELOG.md") == "[a](score.md)"
    assert page_of("src/a/README.md") == "source/src/a/README.md"


def test_code_is_left_as_it_is() -> None:
    text = "a `a` a\n````\na\n```\na\n````\na ``a`a``"
    assert outside_code(text, str.upper) == "A `a` A\n````\na\n```\na\n````\nA ``a`a``"


def test_every_diagram_is_drawn() -> None:
    """Otherwise: python -m tools.site.diagrams MERMAID."""
    codes = list(diagrams.diagrams())
    assert codes
    drawn = {file.name for file in diagrams.FOLDER.glob("*.svg")}
    assert drawn == {diagrams.picture_of(code) for code in codes}


def test_every_command_and_option_is_in_the_reference() -> None:
    text = commands.page()
    for name in ("score", "prepare", "evaluate", "weights import", "weights import-authors"):
        assert f"\n## ctiqa {name}\n" in text
    assert "| `--slices A:B` | Score these slices" in text
    assert len(re.findall("^## ", text, re.MULTILINE)) > len(app.registered_commands)


@pytest.mark.parametrize("package", api.PACKAGES)
def test_the_python_reference_has_the_public_names(package: str) -> None:
    named = re.findall(rf"^::: {re.escape(package)}\.(\w+)$", api.page(package), re.MULTILINE)
    hidden = {"__version__", *(each.rpartition(".")[2] for each in api.PACKAGES)}
    assert named
    assert sorted(named) == sorted(set(import_module(package).__all__) - hidden)


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    if isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_key_of_the_report_is_described() -> None:
    made = report_as_dict(report(scan_score([3.0]), skipped=[skip()])) | {"model": None}
    text = (ROOT / "docs" / "report-json.md").read_text(encoding="utf-8")
    described = {name.rpartition(".")[2] for name in re.findall(r"`([\w.\[\]]+)`", text)}
    assert set(keys(made)) - described == set()


def test_every_reason_is_described() -> None:
    text = (ROOT / "docs" / "score.md").read_text(encoding="utf-8")
    assert [reason.value for reason in Reason if f"| `{reason.value}` |" not in text] == []


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_files_named_in_architecture_exist() -> None:
    named = re.findall(r"`([\w/]+/(?:\w+\.py)?)`", ARCHITECTURE)
    assert len(named) > 40
    package = ROOT / "src" / "ctiqa"
    places = [ROOT, package, *(each for each in package.iterdir() if each.is_dir())]
    assert [name for name in named if not any((at / name).exists() for at in places)] == []


def test_every_package_and_module_has_its_layer() -> None:
    layers = ARCHITECTURE.partition("## Package layout")[2].partition("## Design")[0]
    package = ROOT / "src" / "ctiqa"
    there = {file.name for file in package.glob("*.py") if not file.name.startswith("_")}
    there |= {f"{file.parent.name}/" for file in package.glob("*/__init__.py")}
    assert sorted(name for name in there if f"`{name}`" not in layers) == []


def imports() -> list[tuple[str, str, str]]:
    """What the Python examples import, with the page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            for line in re.findall(r"^from (ctiqa[\w.]*) import (.+)$", block, re.MULTILINE):
                found += [(name_of(page), line[0], name.strip()) for name in line[1].split(",")]
    return found


def test_what_examples_import_is_there() -> None:
    found = imports()
    assert ("README.md", "ctiqa", "Scorer") in found
    assert [each for each in found if not hasattr(import_module(each[1]), each[2])] == []


def test_functions_in_the_tables_of_metrics_are_there() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    cells = "\n".join(re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE))
    modules = {
        file.stem: ".".join(file.relative_to(ROOT / "src").with_suffix("").parts)
        for file in (ROOT / "src" / "ctiqa" / "metrics").rglob("*.py")
    }
    public = re.findall(r"`(\w+)`", cells)
    assert {*metrics.__all__, *dir(metrics.Agreement)} >= {*public} - {"fit_aggd"}
    assert len(public) > 10
    named = re.findall(r"`(\w+)\.(\w+)`", cells)
    assert len(named) > 3
    missing = [
        f"{module}.{name}"
        for module, name in named
        if module not in modules or not hasattr(import_module(modules[module]), name)
    ]
    assert missing == []


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings")
    asked = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(asked, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in ("index", "command-line", "reference/ctiqa", "changelog", "how-to/archive"):
        assert (tmp_path / f"{page}.html").is_file()
    html = (tmp_path / "systems.html").read_text(encoding="utf-8")
    assert "source/recipes/tfkt.toml.html" in html
    assert "images/diagrams/" in html
    for file in tmp_path.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|link|img)[^>]*=[\"']?https?:", text) == [], file
