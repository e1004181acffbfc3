"""What mail templates need."""

from typing import Final

from django import template

register = template.Library()

# Invisible, and no line break beside it: what it stands in is no address any more.
WORD_JOINER: Final = "\N{WORD JOINER}"


@register.filter
def unlinked(text: object) -> str:
    """Text that somebody typed, so that no mail program makes a link of it.

    Names of people and organizations go out under our address to those they invite;
    a name such as `www.example.com` would be a link in a mail that people trust.
    """
    plain = " ".join(str(text).split())
    for sign in (".", ":", "@", "/"):
        plain = plain.replace(sign, sign + WORD_JOINER)
    return plain
