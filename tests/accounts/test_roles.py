"""The one table of who may do what."""

import pytest

from apps.accounts.roles import POLICY, Role, may


def test_an_owner_may_do_everything() -> None:
    assert all(may(Role.OWNER, action) for action in POLICY)


def test_a_viewer_only_reads() -> None:
    allowed = {action for action in POLICY if may("viewer", action)}

    assert allowed == {"usage.read", "requests.read", "keys.read"}


def test_nobody_without_a_role_may_anything() -> None:
    assert not any(may(role, action) for action in POLICY for role in (None, "boss"))


def test_an_unknown_action_is_a_bug() -> None:
    with pytest.raises(KeyError):
        may("owner", "fly")
