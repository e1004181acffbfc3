"""Second factors: the secrets of authenticator apps and the seeds of recovery codes."""

import base64
from functools import partial

from allauth.mfa.models import Authenticator

from apps.accounts.mfa import BOUND_TO
from apps.jobs.resealing import SealedValue, Store, register

# Where allauth keeps what our adapter has encrypted, by type of authenticator.
_FIELDS = {
    Authenticator.Type.TOTP: "secret",
    Authenticator.Type.RECOVERY_CODES: "seed",
}


def _after(key: str, size: int) -> list[SealedValue]:
    rows = Authenticator.objects.filter(type__in=_FIELDS, pk__gt=int(key or 0))
    return [_value(row) for row in rows.order_by("pk")[:size]]


def _value(row: Authenticator) -> SealedValue:
    text = row.data.get(_FIELDS[row.type], "")
    # Padded, so that the keys sort as the numbers do.
    return SealedValue(
        f"{row.pk:020d}", base64.b64decode(text), BOUND_TO, partial(_put, row)
    )


def _put(row: Authenticator, sealed: bytes) -> bool:
    text = base64.b64encode(sealed).decode()
    unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
    return bool(unchanged.update(data={**row.data, _FIELDS[row.type]: text}))


register(Store("second factors", "default", _after))
