"""What an organization may be called: the name stands in mails to people outside."""

from typing import Final

from django.core.exceptions import ValidationError

# A name with a link in it would make our invitation the vehicle of somebody's spam.
LINKS: Final = ("://", "www.")


def validate_name(name: str) -> None:
    """Refuse what would break a mail's header, and links."""
    if not name.isprintable():
        raise ValidationError("Write the name on one line, without control characters.")
    if any(mark in name.lower() for mark in LINKS):
        raise ValidationError("A name cannot hold a link.")
