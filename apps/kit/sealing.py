"""Seal secrets that must be read back: AES-256-GCM envelopes under versioned keys.

Each value is encrypted under a data key of its own, and that one under a
key-encryption key of the installation. Rotation wraps the data key anew and never
sees the secret. A sealed value opens only with the associated data it was sealed
with, so one that is copied into another organization's row, or another row of the
same one, is refused. (Fernet knows no associated data: there the copy would open.)

    format | version | nonce | wrapped data key | nonce | ciphertext
         1 |       4 |    12 |          32 + 16 |    12 |     n + 16   bytes
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT: Final = 1
KEY_BYTES: Final = 32
_VERSION_BYTES: Final = 4
# Random: NIST SP 800-38D allows 2^32 of them under one key, and a data key has one.
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = 1 + _VERSION_BYTES
_WRAP_BYTES: Final = _NONCE_BYTES + KEY_BYTES + _TAG_BYTES
_LEAST_BYTES: Final = _HEAD_BYTES + _WRAP_BYTES + _NONCE_BYTES + _TAG_BYTES


class SealError(ValueError):
    """A sealed value does not open: damaged, moved elsewhere, or its key is gone."""


class Secret:
    """A secret in clear, which shows itself to whoever calls `reveal` and to no one.

    Neither a log line, a traceback with locals, `repr`, `str` nor a pickle tells it.
    """

    __slots__ = ("_clear",)

    def __init__(self, clear: str) -> None:
        self._clear = clear

    def reveal(self) -> str:
        return self._clear

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._clear == other._clear

    def __hash__(self) -> int:
        return hash(self._clear)

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled.")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key-encryption keys by version; the highest seals, all of them open."""

    keys: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(k) != KEY_BYTES for k in self.keys.values()):
            raise ValueError(f"keys of {KEY_BYTES} bytes are needed")

    @property
    def newest(self) -> int:
        return max(self.keys)

    def seal(self, secret: Secret, *, bound_to: str) -> bytes:
        """Encrypt under the newest key; `bound_to` names the place it belongs to."""
        data_key = os.urandom(KEY_BYTES)
        body = _encrypt(data_key, secret.reveal().encode(), bound_to.encode())
        return self._wrapped(data_key, bound_to) + body

    def open(self, sealed: bytes, *, bound_to: str) -> Secret:
        """Decrypt; a SealError tells only that it failed, never what was inside."""
        body = sealed[_HEAD_BYTES + _WRAP_BYTES :]
        data_key = self._unwrapped(sealed, bound_to)
        try:
            return Secret(_decrypt(data_key, body, bound_to.encode()).decode())
        except UnicodeDecodeError:
            raise SealError("it does not hold a text") from None

    def reseal(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Wrap the data key under the newest key; what it protects stays as it is."""
        body = sealed[_HEAD_BYTES + _WRAP_BYTES :]
        data_key = self._unwrapped(sealed, bound_to)
        # A damaged value must not pass for a good one under the new key.
        _decrypt(data_key, body, bound_to.encode())
        return self._wrapped(data_key, bound_to) + body

    def _wrapped(self, data_key: bytes, bound_to: str) -> bytes:
        head = bytes([FORMAT]) + self.newest.to_bytes(_VERSION_BYTES)
        # The head is authenticated too, so the version cannot be changed unseen.
        return head + _encrypt(
            self.keys[self.newest], data_key, head + bound_to.encode()
        )

    def _unwrapped(self, sealed: bytes, bound_to: str) -> bytes:
        key = self.keys.get(version_of(sealed))
        if key is None:
            raise SealError("it is sealed under a key this installation does not have")
        head, wrap = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:][:_WRAP_BYTES]
        return _decrypt(key, wrap, head + bound_to.encode())


def version_of(sealed: bytes) -> int:
    """Which key a value was sealed under."""
    if len(sealed) < _LEAST_BYTES or sealed[0] != FORMAT:
        raise SealError("it is not a sealed value")
    return int.from_bytes(sealed[1:_HEAD_BYTES])


def parse_keyring(text: str) -> Keyring:
    """Read `2:<base64>,1:<base64>`: versions, each with 32 bytes in URL-safe base64.

    The ValueError names what is wrong and never repeats what was given.
    """
    keys: dict[int, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        version, colon, key = part.partition(":")
        if not colon or not version.isascii() or not version.isdecimal():
            raise ValueError("must look like 2:<base64 key>,1:<base64 key>")
        number = int(version)
        if number in keys or not 0 < number < 1 << 8 * _VERSION_BYTES:
            raise ValueError("each key needs a version of its own, from 1 up")
        keys[number] = _key_bytes(number, key)
    if not keys:
        raise ValueError("holds no key")
    return Keyring(keys)


def _key_bytes(version: int, text: str) -> bytes:
    # Shells and secret stores like to lose the padding.
    padded = text + "=" * (-len(text) % 4)
    try:
        key = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        problem = f"key {version} is not {KEY_BYTES} bytes in URL-safe base64"
        raise ValueError(problem) from None
    return key


def _encrypt(key: bytes, clear: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, bound)


def _decrypt(key: bytes, box: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound)
    except InvalidTag:
        raise SealError("it is damaged, or it belongs somewhere else") from None
