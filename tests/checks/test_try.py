"""The check that anybody may try, and what holds it back."""

import asyncio
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.test import AsyncClient, Client

from apps.checks import guests
from apps.kit.errors import RateLimitedError
from apps.router.runtime import Runtime
from tests.checks.conftest import rows

FORM = {"prompt_1": "Say hello", "instruction": "Be brief."}


@pytest.mark.django_db
def test_the_page_stands_for_anybody_and_says_when_nothing_runs() -> None:
    page = Client().get("/try/")

    assert page.status_code == 200
    assert "Try a sanity check" in page.text
    assert "No model for guests is running" in page.text
    assert Client().get("/try").headers["Location"] == "/try/"


@pytest.mark.django_db
def test_without_a_model_a_guest_is_told_so() -> None:
    assert Client().post("/try/", FORM).status_code == 503


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused() -> None:
    assert Client(enforce_csrf_checks=True).post("/try/", FORM).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{}, {**FORM, "prompt_1": "x" * 601}, {**FORM, "instruction": "x" * 201}]
)
def test_sizes_are_strict(body: dict[str, str]) -> None:
    assert Client().post("/try/", body).status_code == 422


@pytest.mark.django_db(transaction=True)
async def test_a_guest_gets_two_answers_and_nothing_of_them_is_stored(
    router: Runtime,
) -> None:
    page = await AsyncClient().post("/try/", FORM)

    assert page.status_code == 200
    assert page.content.decode().count("Say hello") >= 3
    assert b"which was which?" in page.content
    assert await rows("router_routed_request") == []
    assert await rows("checks_check") == []


@pytest.mark.django_db(transaction=True)
async def test_the_fourth_check_of_a_day_is_refused_whatever_the_guest_sends(
    router: Runtime,
) -> None:
    statuses = []
    for number in range(4):
        # A new session each time, and a forged address.
        headers = {"x-forwarded-for": f"10.0.0.{number}"}
        page = await AsyncClient(headers=headers).post("/try/", FORM)
        statuses.append(page.status_code)

    assert statuses == [200, 200, 200, 429]
    assert int(page.headers["Retry-After"]) > 0
    assert await sync_to_async(guests.left_today)("127.0.0.1") == 0


@pytest.mark.django_db(transaction=True)
async def test_who_gets_no_answer_has_used_up_nothing(
    router: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep_waiting(*_: object) -> None:
        await asyncio.sleep(30)

    # The echo is always quicker than the shortest time that could be set.
    monkeypatch.setattr(guests, "_ask", keep_waiting)
    monkeypatch.setattr(guests, "WHOLE_S", 0.05)

    page = await AsyncClient().post("/try/", FORM)

    assert page.status_code == 503
    assert b"too busy" in page.content
    assert await sync_to_async(guests.left_today)("127.0.0.1") == 3


@pytest.fixture
def _slots() -> Iterator[None]:
    for number in range(guests.AT_ONCE):
        cache.set(f"guest-check-slot-{number}", "taken", timeout=60)
    yield
    cache.clear()


@pytest.mark.usefixtures("_slots")
def test_only_so_many_guests_at_once() -> None:
    with pytest.raises(RateLimitedError, match="Other guests"), guests._a_slot():
        pass


def test_all_guests_together_have_a_budget() -> None:
    cache.set(guests._key("all"), guests.ALL_A_DAY, timeout=60)

    with pytest.raises(RateLimitedError, match="Guests have asked enough"):
        guests._count("192.0.2.1")


def test_an_ipv6_customer_is_one_origin_and_a_mapped_address_is_itself() -> None:
    one, two = "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"

    assert guests._origin(one) == guests._origin(two)
    assert guests._origin(one) != guests._origin("2001:db8:1:3::1")
    assert guests._origin("::ffff:192.0.2.1") == guests._origin("192.0.2.1")
    assert "192.0.2.1" not in guests._origin("192.0.2.1")
