"""What can go wrong with a check, beside what any request meets."""

from apps.kit.errors import UnprocessableError


class NotCheckableError(UnprocessableError):
    """A model cannot take part: nobody may or can answer, or no price is known."""

    code = "not_checkable"
