"""The example of a configuration is complete, valid, and equal to the defaults."""

from __future__ import annotations

import re
import tomllib

from tests.clinic.config.full import full, places, uncommented

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.example import WIDTH, example
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.config.structure import keys_of
from ctiqa.errors import UsageError


def test_as_it_is_printed_it_is_the_default() -> None:
    assert config_from(tomllib.loads(example())) == Config()


def test_its_defaults_are_those_of_the_program() -> None:
    values = uncommented("#")
    assert config_from(values) == Config()
    # Nothing was left out: each key with a default stands in the file.
    sections = {key.name: key for key in keys_of(Config) if key.shape == "table"}
    for name, section in sections.items():
        with_default = {
            key.name
            for key in keys_of(section.sections[0])
            if not key.sections and not key.is_optional
        }
        assert set(values[name]) == with_default


def test_its_examples_are_valid() -> None:
    made = config_from(full())
    assert made.listen.tls is not None
    assert {each.kind for each in made.alert} == {"webhook", "mail", "syslog"}
    assert {type(each).__name__ for each in made.send} == {"DicomTarget", "StowTarget"}


def test_it_has_every_key() -> None:
    text = example()
    for place in places(full()):
        assert re.search(rf"^##?{place[-1]} = ", text, re.MULTILINE), place


def test_every_range_is_stated_as_it_is() -> None:
    """What is just outside of a stated range is refused, and its ends are not."""
    stated = re.findall(r"^#   .*?(\d+) to (\d+);.*\n#(\w+) = ", example(), re.MULTILINE)
    assert len(stated) > 8
    table_of = {
        key: table for table, keys in uncommented("#").items() for key in keys if key != "port"
    }
    for low, high, key in stated:
        if key not in table_of:
            continue
        for value, is_valid in ((low, True), (high, True), (int(high) + 1, False)):
            try:
                config_from({table_of[key]: {key: int(value)}})
            except UsageError:
                assert not is_valid
            else:
                assert is_valid


def test_lines_are_short() -> None:
    assert [line for line in example().splitlines() if len(line) > WIDTH + 2] == []
