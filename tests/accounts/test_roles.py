"""The one table of who may do what."""

import pytest

from apps.accounts.roles import POLICY, Role, governs, may


def test_an_owner_may_do_everything() -> None:
    assert all(may(Role.OWNER, action) for action in POLICY)


def test_a_viewer_only_reads() -> None:
    allowed = {action for action in POLICY if may("viewer", action)}

    reading = {action for action in allowed if action.endswith(".read")}
    assert allowed - reading == {"members.leave"}
    assert "audit.read" not in allowed


def test_nobody_without_a_role_may_anything() -> None:
    assert not any(may(role, action) for action in POLICY for role in (None, "boss"))


def test_an_unknown_action_is_a_bug() -> None:
    with pytest.raises(KeyError):
        may("owner", "fly")


@pytest.mark.parametrize(
    ("role", "others", "expected"),
    [
        ("owner", ("owner",), True),
        ("owner", ("viewer", "owner"), True),
        ("admin", ("admin", "viewer"), True),
        ("admin", ("member", "owner"), False),
        ("member", ("viewer",), False),
        ("viewer", ("viewer",), False),
        (None, ("viewer",), False),
        ("boss", ("viewer",), False),
    ],
)
def test_whose_roles_a_role_may_give_and_take(
    role: str | None, others: tuple[str, ...], expected: bool
) -> None:
    assert governs(role, *others) is expected
