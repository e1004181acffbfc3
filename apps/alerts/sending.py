"""One try to hand a message to a channel, and what follows from how it went.

The body was written down when the message closed, and its id stays the same over all
tries: a receiver that has it already can tell. No transaction is open while the other
side is spoken to; a worker that dies there tries again under the same id and number.
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import requests
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.alerts import signing
from apps.alerts.closing import drop, post_try
from apps.alerts.crypto import Contents, opened
from apps.alerts.kinds import Kind, Severity
from apps.alerts.models import Attempt, Channel, Delivery
from apps.alerts.retrying import is_hopeless, next_try
from apps.alerts.services import emit
from apps.audit.services import record
from apps.jobs.redact import redact
from apps.kit.clock import utc_now
from apps.kit.pinned import PinnedSession
from apps.kit.sealing import SealError

MOST_EXCERPT: Final = 1000
# To connect, and between two pieces of the answer; all of it has 15 s (`kit.pinned`).
TIMEOUTS_S: Final = (4.0, 8.0)
# The receiver says for good that nobody is there.
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try went; `status` is None where nobody answered."""

    took_ms: int
    status: int | None = None
    response: str = ""
    error: str = ""
    retry_after_s: float | None = None

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def attempt(delivery_id: UUID, number: int, *, is_by_hand: bool = False) -> None:
    """Try a message for the given time (from 1); an earlier try's repeat is nothing."""
    delivery = Delivery.objects.filter(id=delivery_id).first()
    if delivery is None or not _is_open(delivery, number):
        return
    channel = Channel.objects.defer(None).get(deliveries=delivery)
    if not channel.is_enabled and not is_by_hand:
        drop(delivery, utc_now())
        return
    at = utc_now()
    outcome = _send(channel, delivery, at)
    with transaction.atomic():
        _note(delivery_id, number, outcome, at=at, is_by_hand=is_by_hand)


def _is_open(delivery: Delivery, number: int) -> bool:
    is_sending = delivery.state == Delivery.State.SENDING
    return is_sending and delivery.tries == number - 1


def _send(channel: Channel, delivery: Delivery, at: datetime) -> Outcome:
    try:
        contents = opened(channel)
    except SealError as problem:
        return Outcome(0, error=f"The channel cannot be read: {problem}.")
    body = delivery.body.encode()
    headers = _headers(channel, contents, delivery, body, at)
    started = time.monotonic()
    try:
        with PinnedSession(allow_private=settings.PRIVATE_ADDRESSES_ALLOWED) as session:
            answer = session.post(
                contents.url, data=body, headers=headers, timeout=TIMEOUTS_S
            )
    except (requests.RequestException, ValueError) as problem:
        words = _without(contents, str(problem) or type(problem).__name__)
        return Outcome(_since(started), error=words[:300])
    return Outcome(
        _since(started),
        answer.status_code,
        _without(contents, answer.content[:4096].decode(errors="replace")),
        "" if answer.ok and not answer.is_redirect else _complaint(answer),
        _retry_after(answer.headers.get("Retry-After", "")),
    )


def _headers(
    channel: Channel, contents: Contents, delivery: Delivery, body: bytes, at: datetime
) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "ModelOptix-Alerts/1"}
    if not channel.is_webhook:
        return headers
    keys = [contents.key]
    if contents.previous and channel.previous_until and at < channel.previous_until:
        keys.append(contents.previous)
    return headers | {
        "X-ModelOptix-Delivery": str(delivery.id),
        "X-ModelOptix-Event": "test" if delivery.is_test else "alerts",
        signing.HEADER: signing.sign(body, keys, at=int(at.timestamp())),
    }


def _complaint(answer: requests.Response) -> str:
    if answer.is_redirect:
        return "It answers with a redirect, which is not followed."
    return f"It answers with status {answer.status_code}."


def _retry_after(text: str) -> float | None:
    """Seconds alone: who names a date is asked again by our own clock."""
    return float(text) if text.isascii() and text.isdecimal() else None


def _without(contents: Contents, text: str) -> str:
    """What is kept of the other side's words: no address, no secret, and not all."""
    for word in (contents.url, contents.key, contents.previous):
        if word:
            text = text.replace(word, "[redacted]")
    path = contents.url.partition("://")[2].partition("/")[2]
    if len(path) >= 8:
        text = text.replace(path, "[redacted]")
    return redact(text)[:MOST_EXCERPT]


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _note(
    delivery_id: UUID,
    number: int,
    outcome: Outcome,
    *,
    at: datetime,
    is_by_hand: bool,
) -> None:
    """Write down how it went, and post what follows, in one transaction."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(id=delivery_id)
    delivery = rows.first()
    if delivery is None or not _is_open(delivery, number):
        # Another worker was taken to be needed, and was first.
        return
    Attempt.objects.create(
        delivery=delivery,
        number=number,
        at=at,
        took_ms=outcome.took_ms,
        status=outcome.status,
        request=delivery.body[:MOST_EXCERPT],
        response=outcome.response,
        error=outcome.error,
        is_by_hand=is_by_hand,
    )
    delivery.tries, delivery.error = number, outcome.error
    _follow(delivery, outcome, at, is_by_hand=is_by_hand)
    delivery.save(update_fields=["tries", "error", "state", "due_at", "finished_at"])
    _judge_channel(delivery, outcome, at)


def _follow(
    delivery: Delivery, outcome: Outcome, at: datetime, *, is_by_hand: bool
) -> None:
    if outcome.is_good:
        delivery.state, delivery.finished_at = Delivery.State.DELIVERED, at
        return
    due_at = None
    # Somebody who tries by hand sees how it went, and tries again if they wish.
    if not (is_by_hand or delivery.is_test or outcome.status == GONE):
        chance = random.random()  # noqa: S311  # spreads load, guards nothing
        due_at = next_try(
            utc_now(),
            delivery.tries,
            chance=chance,
            retry_after_s=outcome.retry_after_s,
        )
    if due_at is None:
        delivery.state, delivery.finished_at = Delivery.State.FAILED, at
        return
    delivery.due_at = due_at
    post_try(delivery, delivery.tries + 1, due_at=due_at)


def _judge_channel(delivery: Delivery, outcome: Outcome, at: datetime) -> None:
    channels = Channel.objects.select_for_update(of=("self",))
    channel = channels.get(deliveries=delivery)
    if outcome.is_good:
        channel.failures, channel.failing_since = 0, None
        channel.last_delivered_at = at
    else:
        channel.failures += 1
        channel.failing_since = channel.failing_since or at
    fields = ["failures", "failing_since", "last_delivered_at"]
    channel.save(update_fields=fields)
    is_gone = outcome.status == GONE and not delivery.is_test
    if is_gone or is_hopeless(at, channel.failing_since, channel.failures):
        switch_off(channel, outcome.error)


def switch_off(channel: Channel, because: str) -> None:
    """Stop sending to a channel at which nothing arrives, and tell people."""
    if not channel.is_enabled:
        return
    channel.is_enabled, channel.disabled_because = False, because[:300]
    channel.save(update_fields=["is_enabled", "disabled_because", "updated_at"])
    facts = {"name": channel.name, "is_enabled": True}
    record(
        "alert_channel.switched_off",
        subject="alert_channel",
        subject_id=channel.id,
        before=facts,
        after={**facts, "is_enabled": False, "reason": because[:200]},
    )
    emit(
        Kind.CHANNEL,
        severity=Severity.WARNING,
        title=f"{channel.get_via_display()} “{channel.name}” was switched off",
        body=f"Nothing arrived there: {because} Mend it, then switch it on again.",
        url=reverse("alerts:channel", args=[channel.id]),
        subject=channel.host,
    )


def resend(delivery: Delivery) -> None:
    """Send a finished message once more, signed anew; its body and id stay."""
    finished = (Delivery.State.DELIVERED, Delivery.State.FAILED, Delivery.State.DROPPED)
    now = utc_now()
    claimed = Delivery.objects.filter(
        id=delivery.id, state__in=finished, tries=delivery.tries
    ).exclude(body="")
    values = {"state": Delivery.State.SENDING, "due_at": now, "finished_at": None}
    if claimed.update(**values):
        post_try(delivery, delivery.tries + 1, is_by_hand=True)
