"""The jobs: every night, and after the catalog's changes only what these touch."""

import gc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.alerts.models import Alert
from apps.catalog.models import ModelChange
from apps.jobs.lock import hold
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.opportunities import (
    finder,
    following,
    keeping,
    services,
    tasks,
    together,
)
from apps.opportunities.models import MarketMark, Opportunity, OpportunityEvent
from apps.opportunities.outbox_handlers import rescore_use_cases
from apps.router.models import Policy
from apps.tenancy.scope import scope
from tests.opportunities.conftest import kept, make_use_case, model, set_price
from tests.opportunities.test_finder import override

type Read = Callable[[], Opportunity]


@pytest.fixture(autouse=True)
def _long_lease(settings: Any) -> None:
    settings.JOB_LEASE_S = 60.0


def follow() -> str:
    with hold("opportunities.follow_market", trigger="command") as held:
        return tasks.look_at_news(held)


def night() -> str:
    with hold("opportunities.find", trigger="command") as held:
        return tasks.look_at_all(held)


def note(slug: str, what: str = "price", share: float | None = None) -> None:
    """A line in the catalog's log."""
    ModelChange.objects.using("owner").create(
        at=utc_now(),
        what=what,
        ai_model=model(slug),
        change_share=share,
        origin="seed",
        source="test",
    )


def test_the_first_look_at_the_log_only_sets_the_mark(
    catalog: None, acme: Organization
) -> None:
    make_use_case(acme)
    note("mini/gpt-4o-mini")

    assert follow() == "nothing changed"
    assert follow() == "nothing changed"
    assert kept(acme) == []


def test_every_organization_is_looked_at_by_night(
    catalog: None, acme: Organization, globex: Organization
) -> None:
    make_use_case(acme)
    make_use_case(globex)

    assert night() == "2 use cases"
    assert (len(kept(acme)), len(kept(globex))) == (1, 1)


def test_a_killed_night_goes_on_where_it_was_and_doubles_nothing(
    catalog: None, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_use_case(acme, name=f"Use case {number}")
    monkeypatch.setattr(tasks, "CHUNK", 1)
    real, calls = keeping.Book.write, []

    def die_on_the_second(book: keeping.Book) -> None:
        calls.append(book)
        real(book)
        if len(calls) == 2:
            raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(keeping.Book, "write", die_on_the_second)
        with pytest.raises(RuntimeError):
            night()
    assert len(kept(acme)) == 1

    with hold("opportunities.find", trigger="retry") as held:
        assert held.cursor is not None
        assert tasks.look_at_all(held) == "3 use cases"

    assert len(kept(acme)) == 3
    with scope(acme.id):
        assert OpportunityEvent.objects.count() == 3
        assert Alert.objects.count() == 3


def test_a_change_touches_who_runs_on_it_and_who_is_told_of_it(
    the_one: Read, acme: Organization, globex: Organization
) -> None:
    make_use_case(globex, current_model=model("third/peer"), needs=["trust"])
    follow()
    set_price("mini/gpt-4o-mini", "0.30", "1.20")
    note("mini/gpt-4o-mini", share=1.0)

    assert follow() == "1 models changed, 1 use cases looked at"
    assert int(the_one().savings_month_usd or 0) == 770


def test_a_model_that_got_cheaper_touches_whom_it_may_beat(
    the_one: Read, globex: Organization
) -> None:
    cheap = make_use_case(globex, current_model=model("mini/gpt-4o-mini"))
    follow()
    set_price("third/peer", "1", "4")
    note("third/peer", share=-0.6)

    assert follow() == "1 models changed, 2 use cases looked at"
    assert cheap.id


def test_a_held_price_touches_nobody(the_one: Read) -> None:
    follow()
    note("mini/gpt-4o-mini", what="price_held")

    assert follow() == "nothing changed"


def test_an_override_touches_what_it_names(the_one: Read) -> None:
    follow()
    override("mini/gpt-4o-mini", "exclude")

    assert follow() == "1 models changed, 1 use cases looked at"
    assert the_one().state == "invalidated"
    assert follow() == "nothing changed"


def test_the_end_of_an_override_touches_it_again(
    the_one: Read, acme: Organization
) -> None:
    until = utc_now() + timedelta(seconds=0.5)
    override("mini/gpt-4o-mini", "exclude", expires_at=until)
    follow()
    MarketMark.objects.using("jobs").update(change_id=None)
    while utc_now() <= until:
        pass

    assert follow().startswith("1 models changed")
    assert the_one().state == "active"


def test_a_provider_that_changed_touches_its_models(the_one: Read) -> None:
    follow()
    found = the_one().candidate_provider_id
    ModelChange.objects.using("owner").create(
        at=utc_now(),
        what="provider_changed",
        provider_id=found,
        field="tier",
        origin="seed",
        source="test",
    )

    assert following.news().better == {the_one().candidate_model_id}


def test_a_message_asks_for_another_look(catalog: None, acme: Organization) -> None:
    use_case = make_use_case(acme)

    with scope(acme.id):
        rescore_use_cases({"use_cases": [str(use_case.id)]}, message_id=uuid7())
        rescore_use_cases({"use_cases": [str(use_case.id)]}, message_id=uuid7())

    assert len(kept(acme)) == 1


def in_between(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> list[object]:
    """Let somebody act after the portfolios were read, and before any is written."""
    real = finder.options_of
    acted: list[object] = []

    def score(*args: Any, **asked: Any) -> Any:
        acted.append(act())
        return real(*args, **asked)

    monkeypatch.setattr(together, "options_of", score)
    return acted


def test_a_decision_in_the_middle_of_a_look_stands(
    the_one: Read, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = the_one()
    follow()
    set_price("mini/gpt-4o-mini", "0.155", "0.62")
    note("mini/gpt-4o-mini", share=0.03)

    def dismiss() -> None:
        with scope(acme.id):
            services.dismiss(found.id, "quality")

    acted = in_between(monkeypatch, dismiss)
    follow()

    assert len(acted) == 1
    assert the_one().state == "dismissed"
    # The figures are today's none the less: it was looked at again.
    assert the_one().savings_month_usd != found.savings_month_usd


def test_a_use_case_changed_in_the_middle_of_a_look_is_read_again(
    catalog: None, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_case = make_use_case(acme)
    follow()
    note("openai/gpt-4o")

    def halve() -> None:
        use_case.calls_month = 50_000
        with scope(acme.id):
            use_case.save()

    in_between(monkeypatch, halve)
    assert follow() == "1 models changed, 1 use cases looked at"

    assert int(kept(acme)[0].savings_month_usd or 0) == 411


def test_what_a_policy_bars_is_not_told_to_that_organization(
    catalog: None, acme: Organization, globex: Organization
) -> None:
    for org in (acme, globex):
        make_use_case(org)
    with scope(globex.id):
        Policy.objects.create(rules={"barred_models": ["mini/*"]})
    follow()
    note("openai/gpt-4o")

    assert follow() == "1 models changed, 2 use cases looked at"
    assert (len(kept(acme)), len(kept(globex))) == (1, 0)


def test_few_are_looked_at_together(
    catalog: None,
    acme: Organization,
    globex: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for org in (acme, globex):
        make_use_case(org)
    monkeypatch.setattr(together, "TOGETHER", 1)
    follow()
    note("openai/gpt-4o")

    assert follow() == "1 models changed, 2 use cases looked at"
    assert (len(kept(acme)), len(kept(globex))) == (1, 1)
    assert gc.isenabled()
