"""Which addresses a channel may have; pure."""

import re
from typing import Final
from urllib.parse import urlsplit

from apps.alerts.kinds import Via

LONGEST_URL: Final = 500
# Where chats take messages: nothing else is ever asked on their behalf.
CHAT_HOSTS: Final = {
    Via.SLACK: frozenset({"hooks.slack.com", "hooks.slack-gov.com"}),
    Via.DISCORD: frozenset(
        {"discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"}
    ),
}
CHAT_PATHS: Final = {
    Via.SLACK: re.compile(r"/(services|workflows|triggers)/[A-Za-z0-9/_-]+"),
    Via.DISCORD: re.compile(r"/api/(v\d+/)?webhooks/\d+/[A-Za-z0-9_-]+"),
}
EXAMPLES: Final = {
    Via.SLACK: "https://hooks.slack.com/services/T…/B…/…",
    Via.DISCORD: "https://discord.com/api/webhooks/…/…",
}


def clean_url(via: Via, text: str) -> str:
    """The address as it is used; ValueError says what is wrong, never the address."""
    url = text.strip()
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise ValueError("This is not a URL.")
    if via in CHAT_HOSTS:
        _refuse_other_hosts(via, url)
    return url


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _refuse_other_hosts(via: Via, url: str) -> None:
    """A chat's address is exactly of its own form: no user, no port, no query."""
    wrong = ValueError(f"It must look like {EXAMPLES[via]}")
    try:
        parts = urlsplit(url)
        has_port = parts.port is not None
    except ValueError:
        raise wrong from None
    is_plain = not (has_port or parts.query or parts.fragment or "@" in parts.netloc)
    is_theirs = parts.netloc.lower() in CHAT_HOSTS[via]
    has_path = CHAT_PATHS[via].fullmatch(parts.path) is not None
    if parts.scheme != "https" or not (is_plain and is_theirs and has_path):
        raise wrong
