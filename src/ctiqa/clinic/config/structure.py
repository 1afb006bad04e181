"""What the sections of the configuration say of themselves: keys, meanings, kinds, ranges."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ctiqa.clinic.config.section import Section

Shape = Literal["value", "list", "table", "tables"]
"""``value``: one text, number, or truth value; ``list``: a list of them; ``table``: written
``[key]``; ``tables``: written ``[[key]]``, once or several times."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a section.

    Attributes:
        name: The key.
        meaning: What it stands for, in one or more sentences.
        shape: How it is written.
        sections: Sections that its table may be, if it has tables.
        field: What pydantic knows of it.
    """

    name: str
    meaning: str
    shape: Shape
    sections: tuple[type[Section], ...]
    field: FieldInfo

    @property
    def choices(self) -> tuple[str, ...]:
        """Texts that are allowed, if there is a list of them."""
        return tuple(_choices(self.field.annotation))

    @property
    def is_optional(self) -> bool:
        """Whether leaving it out means that there is none."""
        return self.field.default is None


def keys_of(section: type[Section]) -> tuple[Key, ...]:
    """The keys of a section, in the order of the file: tables come last.

    >>> from ctiqa.clinic.config.config import Config
    >>> [key.name for key in keys_of(Config)][:3], keys_of(Config)[4].shape
    (['store', 'spool', 'listen'], 'tables')
    """
    meanings = _meanings(section)
    made = [
        Key(name, meanings[name], _shape(field.annotation), sections_in(field.annotation), field)
        for name, field in section.model_fields.items()
    ]
    plain = [key for key in made if not key.sections]
    return (*plain, *(key for key in made if key.sections))


def key_at(parts: tuple[int | str, ...], root: type[Section]) -> Key | None:
    """The key at a place that pydantic names, such as ``("send", 0, "dicom", "port")``."""
    sections: tuple[type[Section], ...] = (root,)
    found = None
    for part in parts:
        if isinstance(part, int):
            continue
        named = tuple(each for each in sections if part in kinds_of(each))
        if named and found is not None:
            sections = named
            continue
        keys = [key for each in sections for key in keys_of(each) if key.name == part]
        if not keys:
            return None
        found, sections = keys[0], keys[0].sections
    return found


def names_at(parts: tuple[int | str, ...], root: type[Section]) -> list[str]:
    """Names of the keys that the table at a place may have."""
    key = key_at(parts, root)
    sections = (root,) if key is None else key.sections
    chosen = [each for each in sections if set(kinds_of(each)) & set(parts)] or sections
    return list(dict.fromkeys(name for each in chosen for name in each.model_fields))


def kinds_of(section: type[Section]) -> tuple[str, ...]:
    """Values of ``kind`` that stand for a section; empty if it has none.

    >>> from ctiqa.clinic.config.sending import Fetch, Mail
    >>> kinds_of(Mail), kinds_of(Fetch)
    (('mail',), ('orthanc', 'dicomweb'))
    """
    field = section.model_fields.get("kind")
    return () if field is None else tuple(_choices(field.annotation))


def sections_in(annotation: Any) -> tuple[type[Section], ...]:
    """The sections that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return (annotation,)
    return tuple(each for part in get_args(annotation) for each in sections_in(part))


def summary_of(section: type[Section]) -> str:
    """The first sentence of a section's description.

    >>> from ctiqa.clinic.config.listening import Listen
    >>> summary_of(Listen)
    'The DICOM listener.'
    """
    return _plain(inspect.getdoc(section) or "").partition("\n\n")[0]


def _meanings(section: type[Section]) -> dict[str, str]:
    """Meaning by key, from the descriptions of a section and of those that it extends."""
    found: dict[str, str] = {}
    for each in reversed(section.__mro__):
        if issubclass(each, Section):
            found |= dict(_attributes(each.__doc__ or ""))
    return found


def _attributes(description: str) -> Iterator[tuple[str, str]]:
    listed = inspect.cleandoc(description).partition("Attributes:\n")[2]
    for match in re.finditer(r"^    (\w+): (.*(?:\n {8,}.*)*)", listed, re.MULTILINE):
        yield match[1], " ".join(_plain(match[2]).split())


def _plain(text: str) -> str:
    """Text without the marks of code in it."""
    return text.replace("``", "")


def _shape(annotation: Any) -> Shape:
    is_list = any(get_origin(each) is tuple for each in _alternatives(annotation))
    if sections_in(annotation):
        return "tables" if is_list else "table"
    return "list" if is_list else "value"


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """A type, and the parts of a union."""
    return (annotation, *get_args(annotation))


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for part in get_args(annotation):
        yield from _choices(part)
