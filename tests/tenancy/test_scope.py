"""The scope: who may open one, and where it is seen."""

import asyncio
import threading
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from apps.kit.ids import uuid7
from apps.tenancy.scope import (
    ScopeError,
    current_org_id,
    elsewhere,
    is_unscoped,
    require_org_id,
    scope,
    unscoped,
)

ACME, GLOBEX = uuid7(), uuid7()


def test_there_is_no_scope_unless_one_is_opened() -> None:
    assert current_org_id() is None

    with pytest.raises(ScopeError):
        require_org_id()


def test_a_scope_ends_with_its_block_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), scope(ACME):
        _ = 1 / 0

    assert current_org_id() is None


def test_the_same_scope_may_be_opened_again() -> None:
    with scope(ACME), scope(ACME):
        assert current_org_id() == ACME


def test_a_switch_inside_a_scope_is_refused() -> None:
    with scope(ACME), pytest.raises(ScopeError), scope(GLOBEX):
        pass


def test_a_scope_cannot_be_left_from_inside() -> None:
    with scope(ACME), pytest.raises(ScopeError), unscoped("a test"):
        pass


def test_work_across_organizations_opens_one_scope_after_another() -> None:
    seen = []
    with unscoped("a test"):
        assert is_unscoped()
        assert current_org_id() is None
        for org_id in (ACME, GLOBEX):
            with scope(org_id):
                seen.append(current_org_id())

    assert seen == [ACME, GLOBEX]
    assert not is_unscoped()


def test_another_thread_starts_without_a_scope() -> None:
    seen: list[UUID | None] = []
    with scope(ACME):
        thread = threading.Thread(target=lambda: seen.append(current_org_id()))
        thread.start()
        thread.join()

    assert seen == [None]


async def test_the_scope_follows_into_the_thread_of_synchronous_code() -> None:
    with scope(ACME):
        assert await sync_to_async(current_org_id)() == ACME


async def test_sibling_tasks_keep_their_own_scopes() -> None:
    async def wait_and_read(org_id: UUID) -> bool:
        with scope(org_id):
            await asyncio.sleep(0)
            return current_org_id() == org_id

    ids = [uuid7() for _ in range(200)]
    right = await asyncio.gather(*(wait_and_read(org_id) for org_id in ids))

    assert all(right)


def test_an_act_elsewhere_comes_back() -> None:
    with scope(ACME):
        with elsewhere(GLOBEX, "a test of joining"):
            assert current_org_id() == GLOBEX
        assert current_org_id() == ACME

    with elsewhere(GLOBEX, "a test of joining"):
        assert current_org_id() == GLOBEX
    assert current_org_id() is None


def test_leaving_a_scope_needs_a_reason() -> None:
    with pytest.raises(ScopeError), elsewhere(GLOBEX, ""):
        pass
