"""Second factors and passkeys: allauth's, with its secrets sealed at rest."""

import base64
from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings

from apps.accounts.models import User
from apps.kit.sealing import Secret

BOUND_TO: Final = "accounts.mfa"


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """What the database holds of a second factor is of no use without our keys."""

    def encrypt(self, text: str) -> str:
        sealed = settings.KEY_ENCRYPTION_KEYS.seal(Secret(text), bound_to=BOUND_TO)
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = base64.b64decode(encrypted_text)
        clear: Secret = settings.KEY_ENCRYPTION_KEYS.open(sealed, bound_to=BOUND_TO)
        return clear.reveal()

    def get_totp_issuer(self) -> str:
        return "ModelOptix"

    def generate_authenticator_name(self, user: User, type: Any) -> str:  # noqa: A002  # allauth's name
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**entity, "display_name": user.name or user.email}
