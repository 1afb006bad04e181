"""Answers to requests that cannot be served: status, stable code, rule, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is not served.

    Attributes:
        status: HTTP status.
        code: Stable name for programs.
        rule: The rule that is broken, a plain sentence without a full stop.
        remedy: What to do.
        value: What broke it, as far as it may be repeated.
        headers: Further headers of the answer, such as ``Retry-After``.
        reasons: Codes of why inputs were not scored, with their numbers.
    """

    status: int
    code: str
    rule: str
    remedy: str = ""
    value: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As an object of RFC 9457 (2023), ``application/problem+json``.

        >>> Problem(404, "no_such_scan", "there is no such scan").as_json()["title"]
        'Not Found'
        """
        found = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "rule": self.rule,
            "value": self.value,
            "remedy": self.remedy,
        }
        return found | ({"reasons": dict(self.reasons)} if self.reasons else {})


class ProblemError(Exception):
    """Ends a request with a problem.

    Args:
        problem: The answer.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem
