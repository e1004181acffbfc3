"""Reports of secret scanning: believed when signed, and then acted on."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from apps.accounts import key_services, leaks
from apps.accounts.callers import find_caller
from apps.accounts.keys import digest, new_token, resolve
from apps.accounts.leaks import PublicKeys
from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/secret-scanning/github"
SIGNER = ec.generate_private_key(ec.SECP256R1())
WHERE = "https://example.com/acme/app/blob/main/.env"


def pem(key: Any) -> str:
    public = key.public_key()
    text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(text, "ascii")


@pytest.fixture(autouse=True)
def published(settings: Any, tmp_path: Path, monkeypatch: Any) -> Path:
    """The reporter's public keys, in a file."""
    file = tmp_path / "keys.json"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entries = [("one", pem(SIGNER)), ("rsa", pem(other))]
    keys = [{"key_identifier": n, "key": k, "is_current": True} for n, k in entries]
    file.write_text(json.dumps({"public_keys": keys}))
    settings.SECRET_SCANNING_KEYS_URL = file.as_uri()
    monkeypatch.setattr(leaks, "PUBLIC_KEYS", PublicKeys())
    return file


def report(
    *tokens: str,
    identifier: str = "one",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    entries = [
        {"token": token, "type": "modeloptix_key", "url": WHERE, "source": "content"}
        for token in tokens
    ]
    raw = json.dumps(entries).encode() if body is None else body
    signature = base64.b64encode(SIGNER.sign(raw, ec.ECDSA(SHA256()))).decode()
    return Client().post(
        URL,
        raw,
        content_type="application/json",
        headers={
            "Github-Public-Key-Identifier": identifier,
            "Github-Public-Key-Signature": signature,
            **(headers or {}),
        },
    )


def test_a_leaked_key_is_revoked_and_its_owners_are_told(
    acme: Organization, olga: User, mia: User, mailoutbox: Any
) -> None:
    key, token = make_key(acme, name="Build")
    fake = new_token()

    answer = report(token, fake, "nothing like a key")

    assert answer.status_code == 200
    assert [one["label"] for one in answer.json()] == [
        "true_positive",
        "false_positive",
        "false_positive",
    ]
    assert answer.json()[0] == {
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "token_type": "modeloptix_key",
        "label": "true_positive",
    }
    assert token not in answer.content.decode()
    assert resolve(digest(token)) is None
    with scope(acme.id):
        entry = AuditEntry.objects.get(action="key.revoked", subject_id=str(key.id))
    assert entry.after is not None
    assert entry.after["reason"] == f"found at {WHERE}"
    [mail] = mailoutbox
    assert mail.to == [olga.email]
    assert "Build" in mail.body
    assert token not in mail.body


def test_the_same_report_again_changes_nothing(
    acme: Organization, olga: User, mailoutbox: Any
) -> None:
    _, token = make_key(acme)

    labels = [report(token).json()[0]["label"] for _ in range(2)]

    assert labels == ["true_positive"] * 2
    assert len(mailoutbox) == 1


def test_a_leaked_old_secret_leaves_the_new_one_alone(
    acme: Organization, olga: User, mailoutbox: Any
) -> None:
    key, old = make_key(acme)
    with scope(acme.id):
        _, new = key_services.rotate_key(key.id)

    assert report(old).json()[0]["label"] == "true_positive"

    assert find_caller(old) is None
    assert find_caller(new) is not None
    assert len(mailoutbox) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"Github-Public-Key-Signature": ""},
        {"Github-Public-Key-Signature": "not base64!"},
        {"Github-Public-Key-Signature": base64.b64encode(b"x" * 70).decode()},
        {"Github-Public-Key-Identifier": ""},
        {"Github-Public-Key-Identifier": "unknown"},
        # A key of another kind than the protocol's is no key.
        {"Github-Public-Key-Identifier": "rsa"},
    ],
)
def test_a_report_that_is_not_signed_right_is_refused(
    acme: Organization, forged: dict[str, str]
) -> None:
    _, token = make_key(acme)

    answer = report(token, headers=forged)

    assert answer.status_code == 400
    assert resolve(digest(token)) is not None


def test_a_signature_is_of_these_very_bytes(acme: Organization) -> None:
    _, token = make_key(acme)
    signed = json.dumps([{"token": "another"}]).encode()
    signature = base64.b64encode(SIGNER.sign(signed, ec.ECDSA(SHA256()))).decode()

    answer = report(token, headers={"Github-Public-Key-Signature": signature})

    assert answer.status_code == 400
    assert resolve(digest(token)) is not None


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"token": 7}]', b"[" * 999])
def test_a_signed_report_of_another_shape_is_refused(body: bytes) -> None:
    assert report(body=body).status_code == 400


def test_a_report_without_end_is_refused() -> None:
    assert report(*["x"] * 1001).status_code == 400
    assert report(body=b" " * (1024 * 1024 + 1)).status_code == 413


def test_unknown_identifiers_do_not_have_the_keys_fetched_again(
    published: Path,
) -> None:
    assert report("x").status_code == 200
    published.unlink()

    answers = [report("x", identifier=name).status_code for name in ("a", "b", "one")]

    assert answers == [400, 400, 200]


def test_keys_that_cannot_be_fetched_are_said_to_be_away(published: Path) -> None:
    published.write_text("no keys")

    answer = report("x")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
