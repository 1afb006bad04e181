"""Breaking files: bytes flipped, cut, moved and repeated, lengths that lie, odd words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

NUMBERS = (
    *(0, 1, 2, 127, 128, 255, 256, 257, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000),
    *(0xFFFFFFFE, 0xFFFFFFFF, 0x100000000, 1 << 62, (1 << 63) - 1, (1 << 64) - 1),
)
"""Integers at which programs go wrong."""

TEXT_NUMBERS = (
    *(b"0", b"-0", b"1", b"-1", b"2", b"255", b"65535", b"65536", b"2147483647", b"4294967296"),
    *(b"9" * 30, b"9" * 5000, b"1e306", b"-1e308", b"1e999", b"nan", b"inf", b"-inf", b"0x10"),
    *(b"1,5", b"1.", b".5", b"1e-320", b"1_000", b"\xd9\xa1", b"", b" ", b"1 2 3", b"(1,2,3)"),
)
"""Numbers as text at which programs go wrong."""

TEXTS = (
    *(b"\0", b"\n", b"\\", b'"', b"'", b"%s%n", b"{}", b"../x", b"/etc/passwd", b"\x1b[31m"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"A" * 300, b"[" * 2000, b"{" * 2000),
    *(b"null", b"true", b"None", b"LOCAL", b"LIST", b"NaN", b"Infinity"),
)
"""Words at which programs go wrong."""

DOSES = (
    *((1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 2, 0), (1, 1, 0), (2, 0, 0)),
    *((0, 1, 1), (1, 2, 1), (3, 3, 3), (0, 8, 0), (0, 0, 8)),
)
"""How many whole parts are moved, edited inside, and bytes changed anywhere: mostly one."""

MOST = 1 << 22
"""Largest input made, in bytes."""

Parts = list[bytes]


def mutated(parts: Sequence[bytes], words: Sequence[bytes], others: Parts, random: Random) -> bytes:
    """Break a file.

    Args:
        parts: The parts of the file.
        words: What the format has a meaning for: tags, keys, values.
        others: Parts of other files of the format.
        random: Draws what is done.
    """
    whole, inside, anywhere = random.choice(DOSES)
    broken = list(parts)
    for _ in range(whole):
        random.choice(ON_PARTS)(broken, words, others, random)
    for _ in range(inside):
        _edit(broken, words, random)
    content = bytearray(b"".join(broken))
    for _ in range(anywhere):
        random.choice(ON_BYTES)(content, random)
    return bytes(content[:MOST])


def _edit(parts: Parts, words: Sequence[bytes], random: Random) -> None:
    """Edit inside a part, near its start, where tags and lengths are."""
    if parts:
        index = random.randrange(len(parts))
        part = bytearray(parts[index])
        if part:
            random.choice(IN_PART)(part, words, random)
            parts[index] = bytes(part)


# Whole parts


def _drop(parts: Parts, _words: Sequence[bytes], _others: Parts, random: Random) -> None:
    if parts:
        del parts[random.randrange(len(parts))]


def _repeat(parts: Parts, _words: Sequence[bytes], _others: Parts, random: Random) -> None:
    if parts:
        index = random.randrange(len(parts))
        parts[index:index] = [parts[index][:65536]] * random.choice((1, 1, 2, 50))


def _move(parts: Parts, _words: Sequence[bytes], _others: Parts, random: Random) -> None:
    if parts:
        part = parts.pop(random.randrange(len(parts)))
        parts.insert(random.randint(0, len(parts)), part)


def _splice(parts: Parts, _words: Sequence[bytes], others: Parts, random: Random) -> None:
    parts.insert(random.randint(0, len(parts)), random.choice(others)[:65536])


def _cross(parts: Parts, _words: Sequence[bytes], others: Parts, random: Random) -> None:
    """Go on as another file does."""
    place, start = random.randint(0, len(parts)), random.randrange(len(others))
    parts[place:] = others[start : start + 60]


def _insert_word(parts: Parts, words: Sequence[bytes], _others: Parts, random: Random) -> None:
    parts.insert(random.randint(0, len(parts)), random.choice((*words, *TEXTS)))


# Inside a part


def _number(part: bytearray, _words: Sequence[bytes], random: Random) -> None:
    """An odd integer over some of the first bytes."""
    size = random.choice((1, 2, 2, 4, 4, 8))
    value = random.choice(NUMBERS) & ((1 << 8 * size) - 1)
    place = random.randrange(min(len(part), 16))
    part[place : place + size] = value.to_bytes(size, random.choice(("little", "big")))


def _near(part: bytearray, _words: Sequence[bytes], random: Random) -> None:
    """A byte a little larger or smaller, as a length that is off by one or two."""
    place = random.randrange(min(len(part), 16))
    part[place] = (part[place] + random.choice((-2, -1, 1, 2, 16, -16))) % 256


def _text_number(part: bytearray, _words: Sequence[bytes], random: Random) -> None:
    """An odd number in the place of a number as text."""
    found = list(re.finditer(rb"-?[0-9][0-9.e+-]*", bytes(part[:4096])))
    if found:
        match = random.choice(found)
        part[match.start() : match.end()] = random.choice(TEXT_NUMBERS)


def _word(part: bytearray, words: Sequence[bytes], random: Random) -> None:
    """An odd or another word over or between the first bytes."""
    word = random.choice((*words, *TEXTS))
    place = random.randrange(min(len(part), 64))
    part[place : place + (len(word) if random.random() < 0.7 else 0)] = word


def _same_length_text(part: bytearray, words: Sequence[bytes], random: Random) -> None:
    """Another value of the same length, so that what follows stays in its place."""
    value = random.choice((*words, *TEXT_NUMBERS, *TEXTS))
    start = random.choice((0, 8, 12))
    space = len(part) - start
    if 0 < space <= 4096:
        part[start:] = value[:space].ljust(space)


# Bytes anywhere


def _flip(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _set(content: bytearray, random: Random) -> None:
    if content:
        place = random.randrange(len(content))
        content[place : place + 4] = random.randbytes(random.choice((1, 2, 4)))


def _cut(content: bytearray, random: Random) -> None:
    del content[random.randint(0, len(content)) :]


def _remove(content: bytearray, random: Random) -> None:
    place = random.randint(0, len(content))
    del content[place : place + random.choice((1, 2, 7, 100, 4096))]


def _fill(content: bytearray, random: Random) -> None:
    place = random.randint(0, len(content))
    fill = random.choice((b"\0", b"\xff", b" ", b"\n"))
    content[place : place + 64] = fill * random.choice((1, 64, 9999))


OnParts = Callable[[Parts, Sequence[bytes], Parts, Random], None]
InPart = Callable[[bytearray, Sequence[bytes], Random], None]
OnBytes = Callable[[bytearray, Random], None]

ON_PARTS: tuple[OnParts, ...] = (_drop, _repeat, _move, _splice, _cross, _insert_word)
IN_PART: tuple[InPart, ...] = (_number, _number, _near, _text_number, _word, _same_length_text)
ON_BYTES: tuple[OnBytes, ...] = (_flip, _flip, _set, _cut, _remove, _fill)
