"""Keys that turned up in public: reports of them checked, the keys ended, owners told.

GitHub's secret scanning partner programme posts a list of `{token, type, url, source}`
and signs it with ECDSA over P-256 and SHA-256. Its public keys are a document at a
fixed address; SECRET_SCANNING_KEYS_URL names it, or a file for an installation that
gets its reports from elsewhere. docs/keys.md tells how to take part.
"""

import base64
import binascii
import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.db import connection, transaction

from apps.accounts import key_services
from apps.accounts.errors import UnavailableError
from apps.accounts.keys import digest, earlier_digests, is_well_formed
from apps.accounts.models import APIKey, Membership, Organization
from apps.accounts.roles import Role
from apps.kit.errors import ValidationError
from apps.kit.http import Fetcher, FetchError, Limits
from apps.mail import services as mail
from apps.tenancy.scope import scope

logger = logging.getLogger(__name__)

Label = Literal["true_positive", "false_positive"]
MOST_TOKENS: Final = 1000
KEYS_HOLD_S: Final = 3600.0
# An identifier that is not known is looked for no more often than this: anybody can
# make one up.
LOOK_AGAIN_S: Final = 300.0
_FETCH: Final = Limits(most_bytes=1024 * 1024, most_seconds=10.0, content_types=())
_FIND: Final = "SELECT key_id, org_id FROM find_leaked_key(%s)"


class Leak(msgspec.Struct):
    """One token of a report, and where it was found."""

    token: str
    type: str = ""
    url: str = ""
    source: str = ""


@dataclass(slots=True)
class PublicKeys:
    """The reporter's public keys by their identifiers, fetched when needed."""

    _keys: Mapping[str, EllipticCurvePublicKey] = field(default_factory=dict)
    _url: str = ""
    _fetched_at: float = 0.0
    _lock: Any = field(default_factory=Lock)

    def get(self, identifier: str) -> EllipticCurvePublicKey | None:
        """Raises UnavailableError when the keys cannot be fetched."""
        with self._lock:
            age_s = monotonic() - self._fetched_at
            is_other = self._url != settings.SECRET_SCANNING_KEYS_URL
            wait_s = KEYS_HOLD_S if identifier in self._keys else LOOK_AGAIN_S
            if is_other or not self._fetched_at or age_s > wait_s:
                self._fetch(settings.SECRET_SCANNING_KEYS_URL)
            return self._keys.get(identifier)

    def _fetch(self, url: str) -> None:
        try:
            with Fetcher(_FETCH) as fetcher:
                body = fetcher.get(url).body or b""
            self._keys = _read_keys(body)
        except (FetchError, ValueError, msgspec.MsgspecError) as problem:
            logger.warning("Keys of secret scanning cannot be fetched: %s", problem)
            raise UnavailableError(
                "The signature cannot be checked at the moment.", retry_after_s=60
            ) from problem
        self._url, self._fetched_at = url, monotonic()


PUBLIC_KEYS: Final = PublicKeys()


def read_report(body: bytes, *, identifier: str, signature: str) -> list[Leak]:
    """The leaks of a report that is signed; raises an AppError otherwise."""
    _verify(body, identifier=identifier, signature=signature)
    try:
        leaks = msgspec.json.decode(body, type=list[Leak])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise ValidationError("The report is not a list of tokens.") from problem
    if len(leaks) > MOST_TOKENS:
        raise ValidationError(f"Report {MOST_TOKENS} tokens at most.")
    return leaks


def answer_report(leaks: Iterable[Leak]) -> list[dict[str, str]]:
    """End every key that is ours, and say of each token whether it was a key."""
    return [
        {
            "token_hash": hashlib.sha256(leak.token.encode()).hexdigest(),
            "token_type": leak.type,
            "label": _end(leak),
        }
        for leak in leaks
    ]


def _end(leak: Leak) -> Label:
    found = _find(leak.token)
    if found is None:
        return "false_positive"
    key_id, org_id, key_digest = found
    with scope(org_id), transaction.atomic():
        before = APIKey.objects.filter(id=key_id, revoked_at=None).first()
        if before is None:
            return "true_positive"
        place = leak.url or leak.source or "a place that the report does not name"
        key = key_services.end_secret(key_id, key_digest, reason=f"found at {place}")
        if key is not None:
            _tell_owners(before, place)
    return "true_positive"


def _find(token: str) -> tuple[UUID, UUID, bytes] | None:
    if not is_well_formed(token):
        return None
    for key_digest in (digest(token), *earlier_digests(token)):
        with connection.cursor() as cursor:
            cursor.execute(_FIND, [key_digest])
            row = cursor.fetchone()
        if row is not None:
            return (*row, key_digest)
    return None


def _tell_owners(key: APIKey, place: str) -> None:
    owners = Membership.objects.filter(role=Role.OWNER).select_related("user")
    mail.send(
        "key_leaked",
        to=[owner.user.email for owner in owners],
        context={
            "org_name": Organization.objects.get().name,
            "name": key.name,
            "shown": f"{key.prefix}…",
            "place": place,
            "url": f"{settings.SITE_URL}/keys/",
        },
        org_id=key.org_id,
    )


def _verify(body: bytes, *, identifier: str, signature: str) -> None:
    refused = ValidationError("The report's signature is not valid.")
    if not identifier or not signature:
        raise refused
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise refused from problem
    key = PUBLIC_KEYS.get(identifier)
    if key is None:
        raise refused
    try:
        key.verify(raw, body, ECDSA(SHA256()))
    except InvalidSignature as problem:
        raise refused from problem


def _read_keys(body: bytes) -> dict[str, EllipticCurvePublicKey]:
    """GitHub's document: `{"public_keys": [{"key_identifier", "key", …}]}`."""
    keys = {}
    for entry in msgspec.json.decode(body, type=_Document).public_keys:
        try:
            key = load_pem_public_key(entry.key.encode())
        except (ValueError, UnsupportedAlgorithm) as problem:
            raise ValueError(f"{entry.key_identifier} is no key") from problem
        if isinstance(key, EllipticCurvePublicKey):
            keys[entry.key_identifier] = key
    return keys


class _Entry(msgspec.Struct):
    key_identifier: str
    key: str


class _Document(msgspec.Struct):
    public_keys: list[_Entry]
