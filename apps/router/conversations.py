"""Conversations that are kept: `store` and `previous_response_id` of `/v1/responses`.

Prompts are stored only where the organization switched that on, for as long as it
says and 30 days at most. A request that does not ask for it costs no query.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings

from apps.accounts.errors import UnavailableError
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, PayloadTooLargeError, ValidationError
from apps.kit.ids import uuid7
from apps.privacy.redaction import redact
from apps.providers.wire import Native
from apps.router.account import Account
from apps.router.arrivals import Arrival
from apps.router.bodies import steering_of
from apps.router.dialects.dialect import Dialect
from apps.router.dialects.responses import (
    RESPONSES,
    Reply,
    items_of,
    read_after,
    reply_to,
    unstored,
)
from apps.router.pool import Database, DatabaseAwayError
from apps.router.runtime import current

logger = logging.getLogger(__name__)

type Item = dict[str, Any]
KEPT_FOR: Final = timedelta(days=30)
# Turns of one conversation; a longer one is in every model's way.
MOST_TURNS: Final = 1000
# Text that says nothing of anybody, and would be broken by being looked through.
_UNTOUCHED: Final = frozenset(
    ("encrypted_content", "file_data", "id", "image_url", "model", "type")
)
_to_json = msgspec.json.Encoder(decimal_format="number").encode
_from_json = msgspec.json.decode

_KEEP: Final = """
    INSERT INTO router_storedresponse
        (id, org_id, response_id, previous, created_at, input, response)
    VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_CHAIN: Final = """
    WITH RECURSIVE chain AS (
        SELECT response_id, previous, input, response, 1 AS depth
        FROM router_storedresponse
        WHERE org_id = %(org)s AND response_id = %(id)s AND created_at > %(since)s
      UNION ALL
        SELECT r.response_id, r.previous, r.input, r.response, c.depth + 1
        FROM chain c JOIN router_storedresponse r
            ON r.org_id = %(org)s AND r.response_id = c.previous
        WHERE r.created_at > %(since)s AND c.depth < %(most)s
    )
    SELECT previous, input, response FROM chain ORDER BY depth DESC
"""


async def meet(arrival: Arrival) -> Dialect:
    """The dialect for a call, with the conversation it goes on from read in.

    Raises an AppError when it may not be kept, or when nothing goes before it.
    """
    runtime, native = current(), arrival.inbound.native
    assert native is not None  # noqa: S101  # the Responses protocol has always one
    is_kept = _is_kept(arrival, native.body)
    previous = native.body.get("previous_response_id")
    asked_for = items_of(native.body["input"])
    if previous:
        earlier = await earlier_items(
            runtime.database, arrival.caller.org_id, str(previous)
        )
        body = {**native.body, **steering_of(arrival.body, but=frozenset({"metadata"}))}
        arrival.inbound = read_after(body, earlier)
        native = arrival.inbound.native or native
    native.body["store"] = is_kept
    reply = reply_to(arrival.inbound)
    dialect = replace(RESPONSES, whole=reply.whole, stream=reply.stream, about=None)
    if not is_kept:
        return dialect
    _ask_for_thoughts(native)
    keeping = Keeping(runtime.database, arrival, asked_for, reply)
    return replace(dialect, before_end=keeping.before_end)


def _is_kept(arrival: Arrival, asked: dict[str, Any]) -> bool:
    """Whether to keep it: as the caller says, else as the organization does."""
    may_keep = arrival.caller.org_id in current().planner.snapshot.storage
    wanted = asked.get("store")
    if wanted and not may_keep:
        raise ValidationError(
            "Your organization does not store prompts, so this response cannot be "
            "stored. An owner can switch it on under Settings, Privacy; or leave "
            "`store` out and send the whole conversation each time.",
            param="store",
        )
    if arrival.options.is_private:
        return False
    return may_keep if wanted is None else bool(wanted)


def _ask_for_thoughts(native: Native) -> None:
    """A provider that stores nothing must give its thoughts along, to go on later."""
    wanted = "reasoning.encrypted_content"
    include = native.body.get("include") or []
    if wanted not in include:
        native.body["include"] = [*include, wanted]


async def earlier_items(
    database: Database, org_id: UUID, response_id: str
) -> list[Item]:
    """What was said up to a Response, its own output last; NotFoundError without it."""
    values = {
        "org": org_id,
        "id": response_id,
        "since": utc_now() - KEPT_FOR,
        "most": MOST_TURNS,
    }
    try:
        async with database.transaction(org_id) as connection:
            rows = await (await connection.execute(_CHAIN, values)).fetchall()
    except DatabaseAwayError as problem:
        raise UnavailableError("Stored responses cannot be read now.") from problem
    if not rows or rows[0][0]:
        raise NotFoundError(
            f"The response {response_id!r}, or one before it, is not stored here.",
            param="previous_response_id",
        )
    if sum(len(said) + len(answer) for _, said, answer in rows) > _most_characters():
        raise PayloadTooLargeError("The stored conversation has grown too long.")
    return [item for row in rows for item in _items_in(*row[1:])]


def _most_characters() -> int:
    return int(settings.REQUEST_MAX_BYTES)


def _items_in(said: str, answer: str) -> list[Item]:
    output = _from_json(answer).get("output") or []
    return [*_from_json(said), *output]


@dataclass(slots=True)
class Keeping:
    """One Response that is stored before its last bytes leave.

    The next request of the conversation may come the moment after.
    """

    database: Database
    arrival: Arrival
    asked_for: list[Item]
    reply: Reply

    async def before_end(self, account: Account, data: bytes) -> bytes:
        """The same bytes; or, where it could not be stored, bytes that say so."""
        response, options = self.reply.response, self.arrival.options
        if options.is_private or not response:
            return unstored(data)
        kinds = current().planner.snapshot.storage.get(account.org_id)
        if kinds is None:
            return unstored(data)
        kinds = kinds.union(options.redacts)
        try:
            await self._keep(account.org_id, response, kinds)
        except DatabaseAwayError as problem:
            logger.warning("A response is not stored: %s", problem)
            return unstored(data)
        return data

    async def _keep(
        self, org_id: UUID, response: dict[str, Any], kinds: frozenset[str]
    ) -> None:
        texts = await asyncio.to_thread(storable, self.asked_for, response, kinds)
        previous = str(response.get("previous_response_id") or "")
        row = [uuid7(), org_id, str(response["id"]), previous, utc_now(), *texts]
        async with self.database.transaction(org_id) as connection:
            await connection.execute(_KEEP, row)


def storable(
    asked_for: list[Item], response: dict[str, Any], kinds: frozenset[str]
) -> tuple[str, str]:
    """Both as JSON that Postgres takes, redacted; runs in a thread."""
    return _text(_redacted(asked_for, kinds)), _text(_redacted(response, kinds))


def _text(value: Any) -> str:
    # Postgres stores no NUL.
    return _to_json(value).decode().replace("\\u0000", "\\ufffd")


def _redacted(value: Any, kinds: frozenset[str], name: str = "") -> Any:
    if not kinds or name in _UNTOUCHED:
        return value
    if isinstance(value, str):
        return redact(value, kinds).text
    if isinstance(value, list):
        return [_redacted(item, kinds, name) for item in value]
    if isinstance(value, dict):
        return {key: _redacted(inner, kinds, key) for key, inner in value.items()}
    return value
