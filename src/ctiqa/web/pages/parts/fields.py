"""Fields of forms, read strictly."""

from __future__ import annotations

from starlette.datastructures import FormData

from ctiqa.web.problems import Problem, ProblemError


def text_of(form: FormData, name: str, most: int) -> str:
    """The text of a field.

    Args:
        form: The form.
        name: Name of the field.
        most: Longest text, in characters.

    Raises:
        ProblemError: 400 if it is missing, empty or too long.

    >>> text_of(FormData([("series", "1.2.3")]), "series", 64)
    '1.2.3'
    """
    value = form.get(name)
    if not isinstance(value, str) or not value or len(value) > most:
        rule = f"the form must have the field '{name}' with 1 to {most:,} characters"
        raise ProblemError(Problem(400, "bad_form", rule, "load the page, and send the form again"))
    return value
