"""Seal what waits to be sent: a mail holds sign-in and invitation links.

The outbox is a table, and tables end up in dumps and replicas. Whoever reads one of
those must not find a link that still opens an account.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from apps.kit.sealing import Secret

_PLACE: Final = "outbox|mail.send"


def seal(content: Mapping[str, Any]) -> str:
    """Encrypt under the newest of KEY_ENCRYPTION_KEYS."""
    secret = Secret(json.dumps(content))
    sealed: bytes = settings.KEY_ENCRYPTION_KEYS.seal(secret, bound_to=_PLACE)
    return b64encode(sealed).decode()


def unseal(text: str) -> dict[str, Any]:
    """Open a sealed text; raises SealError where its key is gone."""
    secret: Secret = settings.KEY_ENCRYPTION_KEYS.open(b64decode(text), bound_to=_PLACE)
    content: dict[str, Any] = json.loads(secret.reveal())
    return content
