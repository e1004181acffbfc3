"""One or many alerts in the words and the shape of each channel; pure."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.alerts.kinds import Kind, Severity

# A chat shows so many of a burst; all of them are in the inbox.
MOST_IN_CHAT: Final = 10
# Discord's colours by severity: blue, amber, orange, red.
_COLOURS: Final = (0x0D9488, 0xB45309, 0xC2410C, 0xB91C1C)
_MARKS: Final = re.compile(r"([\\*_~`|>#\[\]()<-])")


@dataclass(frozen=True, slots=True)
class Told:
    """One alert as it is told; `url` is absolute, empty for none."""

    id: str
    kind: Kind
    severity: Severity
    title: str
    body: str
    url: str
    subject: str
    created_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says: at least one alert, the oldest first."""

    id: str
    org_id: str
    org_name: str
    created_at: datetime
    inbox_url: str
    alerts: tuple[Told, ...]
    is_test: bool = False

    @property
    def title(self) -> str:
        return title_of(self.alerts)

    @property
    def gravest_first(self) -> list[Told]:
        return sorted(self.alerts, key=lambda told: -told.severity)


def title_of(alerts: Sequence[Told]) -> str:
    """One alert's own title; of many their number, by kind, most of them first."""
    if len(alerts) == 1:
        return alerts[0].title
    counts = Counter(told.kind for told in alerts).most_common(3)
    words = ", ".join(f"{kind.label.lower()} ({number})" for kind, number in counts)
    return f"{len(alerts):,} alerts: {words}"[:200]


def webhook(letter: Letter) -> str:
    """The body that is signed: every alert, whole."""
    return _json(
        {
            "id": letter.id,
            "type": "test" if letter.is_test else "alerts",
            "created_at": letter.created_at.isoformat(),
            "organization": {"id": letter.org_id, "name": letter.org_name},
            "count": len(letter.alerts),
            "alerts": [_whole(told) for told in letter.alerts],
        }
    )


def _whole(told: Told) -> dict[str, Any]:
    return {
        "id": told.id,
        "kind": told.kind.value,
        "severity": told.severity.code,
        "title": told.title,
        "body": told.body,
        "subject": told.subject,
        "url": told.url,
        "created_at": told.created_at.isoformat(),
        "data": dict(told.data),
    }


def slack(letter: Letter) -> str:
    """Block Kit: a section for each alert, and a text for notifications."""
    head = f"{letter.title} · {letter.org_name}"
    blocks: list[dict[str, Any]] = []
    if len(letter.alerts) > 1:
        blocks.append(_section(f"*{_slack_text(head, 300)}*"))
    shown = letter.gravest_first[:MOST_IN_CHAT]
    blocks += [_section(_slack_alert(told, letter)) for told in shown]
    if rest := len(letter.alerts) - len(shown):
        blocks.append(_section(f"<{letter.inbox_url}|{rest:,} more in the inbox>"))
    return _json({"text": _slack_text(head, 300), "blocks": blocks})


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _slack_alert(told: Told, letter: Letter) -> str:
    title = _slack_text(told.title, 250)
    linked = f"<{told.url or letter.inbox_url}|{title}>"
    parts = [f"*{told.severity.label}* · {linked}"]
    if told.body:
        parts.append(_slack_text(told.body, 1000))
    return "\n".join(parts)


def _slack_text(text: str, most: int) -> str:
    """Cut first, or the cut could halve an escape; these three are all there are."""
    cut = text[:most].replace("|", "¦")
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def discord(letter: Letter) -> str:
    """Embeds; whatever an alert's words say, nobody is pinged."""
    shown = letter.gravest_first[:MOST_IN_CHAT]
    rest = len(letter.alerts) - len(shown)
    content = f"{letter.title} · {letter.org_name}" if len(letter.alerts) > 1 else ""
    if rest:
        content += f"\n{rest:,} more in the inbox"
    return _json(
        {
            "username": "ModelOptix",
            "content": _discord_text(content, 1500),
            "embeds": [_embed(told, letter) for told in shown],
            "allowed_mentions": {"parse": []},
        }
    )


def _embed(told: Told, letter: Letter) -> dict[str, Any]:
    return {
        "title": _discord_text(told.title, 240),
        # Ten of them may have 6,000 characters in all.
        "description": _discord_text(told.body, 300),
        "url": told.url or letter.inbox_url,
        "color": _COLOURS[told.severity],
        "timestamp": told.created_at.isoformat(),
        "footer": {"text": f"{told.severity.label} · {told.kind.label}"},
    }


def _discord_text(text: str, most: int) -> str:
    return _MARKS.sub(r"\\\1", text[:most])[:most]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
