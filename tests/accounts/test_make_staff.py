"""`manage make_staff`: the one way into the admin, and out of it."""

import getpass
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.accounts.queries import memberships_of
from apps.audit.models import OperatorEntry
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "an unguessable phrase of words"


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("make_staff", *arguments, stdout=out)
    return out.getvalue()


def _is_staff(user: User) -> bool:
    return User.objects.get(id=user.id).is_staff


def test_a_person_becomes_staff_and_stops_being_it() -> None:
    ulla = make_user()

    assert "may enter" in _run("ULLA@example.com")
    assert "may enter" in _run("ulla@example.com")
    assert _is_staff(ulla)
    assert "no longer" in _run("ulla@example.com", "--remove")
    assert "no longer" in _run("ulla@example.com", "--remove")
    assert not _is_staff(ulla)
    log = OperatorEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(log) == ["staff.added", "staff.removed"]


def test_nobody_is_made_up() -> None:
    with pytest.raises(CommandError, match="sign up first"):
        _run("nobody@example.com")


def test_an_account_can_be_opened_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: GOOD)

    _run("new@example.com", "--create")

    user = User.objects.get(email="new@example.com")
    assert user.is_staff
    assert user.check_password(GOOD)
    assert len(memberships_of(user)) == 1


@pytest.mark.parametrize(
    ("email", "answers", "problem"),
    [
        ("not an address", [GOOD, GOOD], "valid email"),
        ("new@example.com", ["short", "short"], "too short"),
        ("new@example.com", [GOOD, "another phrase of words"], "differ"),
    ],
)
def test_a_bad_account_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, email: str, answers: list[str], problem: str
) -> None:
    given = iter(answers)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(given))

    with pytest.raises(CommandError, match=problem):
        _run(email, "--create")
    assert not User.objects.exists()


def test_staff_may_close_their_account() -> None:
    ulla = make_user()
    _run("ulla@example.com")

    ulla.delete()

    assert not User.objects.filter(id=ulla.id).exists()
