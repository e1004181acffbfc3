"""The pages of aliases and of the policy: by role, by hand, undone, refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec import structs

from apps.accounts.models import Organization, User
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, create_alias
from apps.router.budget_models import Budget
from apps.router.engine.rules import Rules, read_rules
from apps.router.models import Policy
from apps.tenancy.scope import scope
from tests.factories import make_routed_request
from tests.router.aliases.conftest import Market

pytestmark = pytest.mark.django_db(transaction=True)
URL, POLICY = "/router/aliases/", "/router/policy/"
NAME = "uc/support-triage"
FORM = {"version": "1", "cache": "off", "allow_fallbacks": "on"}
type SignIn = Callable[[User], Client]


def make_alias(org: Organization, *, usd: str | None = None, **rules: Any) -> Alias:
    with scope(org.id):
        wanted = NewAlias(NAME, rules=structs.replace(Rules(), **rules))
        budgets = {"month": Decimal(usd)} if usd else None
        return create_alias(wanted, budgets=budgets)


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_without_an_alias_the_page_says_how_to_begin(
    sign_in: SignIn, olga: User, vic: User
) -> None:
    pages = [page_of(sign_in(user), URL) for user in (olga, vic)]

    assert all("There is no alias yet" in page for page in pages)
    assert ["Create alias" in page for page in pages] == [True, False]


def test_each_alias_shows_what_it_cost_and_how_its_budget_stands(
    sign_in: SignIn, vic: User, acme: Organization, market: Market
) -> None:
    make_alias(acme, usd="5", forced=market.dear)
    make_routed_request(acme, alias=NAME, cost_usd=Decimal("4.50"))
    make_routed_request(acme, alias="uc/other", cost_usd=Decimal(100))

    page = page_of(sign_in(vic), URL)

    assert NAME in page
    assert "$4.50" in page
    assert "90 % spent" in page
    assert market.dear in page


def test_an_alias_is_made_and_changed_by_hand(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    client = sign_in(olga)
    new = {**FORM, "name": NAME, "priority": "cheap", "budget_day": "2.5"}

    made = client.post(f"{URL}new/", {**new, "models": f"{market.dear}\ncheap-*"})
    with scope(acme.id):
        alias = Alias.objects.get()
        assert Budget.objects.get().limit_usd == Decimal("2.5")
    page = page_of(client, made["Location"])
    change = {**FORM, "max_cost": "0.25", "cache": "exact", "cache_hours": "0.5"}
    changed = client.post(made["Location"], {**change, "description": "Sorts tickets"})

    assert (made.status_code, changed.status_code) == (302, 302)
    assert f"{market.dear}\ncheap-*</textarea>" in page
    rules = read_rules(alias.rules)
    assert (rules.priority, rules.models) == ("cheap", (market.dear, "cheap-*"))
    with scope(acme.id):
        alias.refresh_from_db()
        assert not Budget.objects.exists()
    rules = read_rules(alias.rules)
    assert (rules.max_cost_nano, rules.cache_ttl_s) == (250_000_000, 1800)
    assert (rules.priority, alias.version) == ("", 2)
    assert alias.description == "Sorts tickets"


BAD: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, "This field is required."),
    ({"name": "Bad Name"}, "Write a name such as"),
    ({"forced": "no/such"}, "There is no model named"),
    ({"order": "nobody"}, "There is no provider named"),
    ({"models": "not a model"}, "is no model id"),
    ({"regions": "Germany"}, "is no code of a country"),
    ({"cache": "exact"}, "for how many hours"),
    ({"cache": "semantic", "cache_hours": "1"}, "Say a similarity"),
    ({"weight_cost": "0"}, "must be above 0"),
    ({"max_cost": "-1"}, "greater than or equal to 0"),
    ({"budget_day": "0.001"}, "greater than or equal to 0.01"),
]


def test_bad_input_comes_back_with_its_error(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)

    for fields, message in BAD:
        sent = {**FORM, "name": NAME, "description": "kept", **fields}
        answer = client.post(f"{URL}new/", sent)
        page = answer.content.decode()
        assert answer.status_code == 422, fields
        assert message in page.replace("&#x27;", "'")
        assert 'value="kept"' in page
    with scope(acme.id):
        assert not Alias.objects.exists()


def test_an_edit_of_an_older_state_is_refused_and_keeps_what_was_typed(
    sign_in: SignIn, olga: User, adam: User, acme: Organization
) -> None:
    url = f"{URL}{make_alias(acme).id}/"
    sign_in(adam).post(url, {**FORM, "description": "his"})

    late = sign_in(olga).post(url, {**FORM, "description": "hers"})

    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    assert 'value="hers"' in late.content.decode()
    with scope(acme.id):
        assert Alias.objects.get().description == "his"


def test_a_deleted_alias_comes_back_with_its_budget(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    alias = make_alias(acme, usd="5", forced=market.dear)
    client = sign_in(olga)

    dialog = page_of(client, f"{URL}{alias.id}/")
    client.post(f"{URL}{alias.id}/delete/")
    with scope(acme.id):
        assert not Alias.objects.exists()
        assert not Budget.objects.exists()
    listed = page_of(client, URL)
    client.post(f"{URL}restore/")

    assert "goes its budget of" in dialog
    assert f'action="{URL}restore/"' in listed
    with scope(acme.id):
        back = Alias.objects.get()
        assert (back.id, back.rules) == (alias.id, alias.rules)
        assert Budget.objects.get().limit_usd == Decimal(5)
    assert "There is nothing to take back" in (
        client.post(f"{URL}restore/", follow=True).content.decode()
    )


def test_a_name_taken_meanwhile_is_not_taken_back(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    alias = make_alias(acme)
    client = sign_in(olga)
    client.post(f"{URL}{alias.id}/delete/")
    make_alias(acme)

    page = client.post(f"{URL}restore/", follow=True).content.decode()

    assert "There is an alias of this name already" in page


def test_an_alias_is_paused_resumed_and_copied(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    alias = make_alias(acme, forced=market.dear)
    client = sign_in(olga)

    client.post(f"{URL}{alias.id}/pause/", {"action": "pause"})
    paused = page_of(client, URL)
    client.post(f"{URL}{alias.id}/pause/", {"action": "resume"})
    copy = page_of(client, f"{URL}new/?from={alias.id}")

    assert "paused" in paused
    with scope(acme.id):
        assert Alias.objects.get().is_active
    assert f'value="{NAME}-copy"' in copy
    assert f'value="{market.dear}"' in copy


def test_who_may_only_read_sees_the_rules_and_no_button(
    sign_in: SignIn, vic: User, acme: Organization
) -> None:
    alias = make_alias(acme, no_training=True)
    client = sign_in(vic)

    page = page_of(client, f"{URL}{alias.id}/")
    answers = [
        client.post(f"{URL}{alias.id}/", FORM),
        client.post(f"{URL}{alias.id}/delete/"),
        client.post(f"{URL}preview/", FORM),
        client.get(f"{URL}new/"),
        client.post(POLICY, FORM),
    ]

    assert '<fieldset class="plain" disabled>' in page
    assert "Save alias" not in page
    assert {answer.status_code for answer in answers} == {403}


def test_the_policy_is_set_by_hand(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    client = sign_in(olga)
    sent = {**FORM, "no_training": "on", "regions": "de, fr"}

    saved = client.post(POLICY, {**sent, "premium_model": market.dear})
    stale = client.post(POLICY, sent)
    wrong = client.post(POLICY, {**sent, "version": "2", "premium_model": "x"})
    page = page_of(client, POLICY)

    assert [a.status_code for a in (saved, stale, wrong)] == [302, 409, 422]
    assert "DE\nFR</textarea>" in page
    assert f'value="{market.dear}"' in page
    with scope(acme.id):
        assert read_rules(Policy.objects.get().rules).regions == ("DE", "FR")


def test_budgets_can_be_made_for_an_alias_on_their_page(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    alias = make_alias(acme)
    client = sign_in(olga)
    new = {"key_id": f"alias:{alias.id}", "period": "day", "limit_usd": "3"}

    made = client.post("/budgets/", new)

    assert made.status_code == 302
    with scope(acme.id):
        budget = Budget.objects.get()
    assert (budget.alias_id, budget.key_id) == (alias.id, None)
    assert NAME in page_of(client, "/budgets/")


def test_rules_are_tried_before_there_is_a_name(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    """No router runs beside this client: what stands between is the form alone."""
    client = sign_in(olga)

    without = client.post(f"{URL}preview/", {**FORM, "forced": market.dear})
    wrong = client.post(
        f"{URL}preview/", {**FORM, "forced": "no/such"}, headers={"HX-Request": "true"}
    )

    assert without.status_code == 503
    assert wrong.status_code == 200
    assert b"<b>The one model to use</b>: There is no model named" in wrong.content
