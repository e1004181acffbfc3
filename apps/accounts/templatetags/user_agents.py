"""A browser's name out of what it says of itself."""

from typing import Final

from django import template

register = template.Library()

# In this order: most browsers also name the ones they descend from.
BROWSERS: Final = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS: Final = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def browser(user_agent: str) -> str:
    """Such as "Firefox on Linux"; what is not known is left out."""
    found = [_first(names, user_agent) for names in (BROWSERS, SYSTEMS)]
    return " on ".join(filter(None, found)) or user_agent[:40]


def _first(names: dict[str, str], text: str) -> str:
    return next((name for mark, name in names.items() if mark in text), "")
