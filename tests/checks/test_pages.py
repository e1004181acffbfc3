"""The pages of checks: who sees what, votes, and what may be done."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Organization, User
from apps.checks.blinding import is_flipped
from apps.checks.models import Check, PromptSet, Result, Vote
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.checks.conftest import BASELINE, CANDIDATE, JUDGE
from tests.checks.making import SECRET, make_done
from tests.factories import make_member, make_org
from tests.router.conftest import make_market

type SignIn = Callable[[User], Client]


@pytest.fixture
def done(acme: Organization) -> Check:
    with scope(acme.id):
        return make_done()


def test_list_shows_checks_sets_and_what_they_cost(
    sign_in: SignIn, mia: User, done: Check
) -> None:
    page = sign_in(mia).get("/checks/")

    assert page.status_code == 200
    assert "Cheaper triage" in page.text
    assert "Tickets" in page.text


def test_list_without_a_check_says_what_one_is(sign_in: SignIn, vic: User) -> None:
    page = sign_in(vic).get("/checks/")

    assert "There is no check yet" in page.text
    assert "A member of your organization can make one." in page.text


def test_blind_pair_hides_names_times_and_costs_until_the_vote(
    sign_in: SignIn, mia: User, done: Check
) -> None:
    page = sign_in(mia).get(f"/checks/{done.id}/")

    answers = page.text[
        page.text.index('id="answers"') : page.text.index("How it is set")
    ]
    assert SECRET in answers
    assert "Answer 0 of 0" in answers
    assert "gpt-4o" not in answers
    assert "321" not in answers


def test_a_vote_counts_for_the_model_behind_the_side(
    sign_in: SignIn, acme: Organization, mia: User, done: Check
) -> None:
    client = sign_in(mia)
    body = {"seat": "1", "position": "0", "side": "a", "page": "1"}

    answer = client.post(f"/checks/{done.id}/vote/", body)

    flipped = is_flipped(done.seed, 1, 0)
    assert answer.headers["Location"].endswith("?page=1#pair-1-0")
    with scope(acme.id):
        vote = Vote.objects.get()
        assert (vote.choice, vote.voter) == ("win" if flipped else "loss", mia.id)
        assert vote.was_blind
        result = Result.objects.get()
    assert (result.method, result.prompts, result.verdict) == ("votes", 1, "")
    assert "gpt-4o-mini" in client.get(f"/checks/{done.id}/").text


def test_a_second_vote_takes_the_place_of_the_first(
    sign_in: SignIn, acme: Organization, mia: User, done: Check
) -> None:
    client = sign_in(mia)
    for side in ("a", "tie"):
        body = {"seat": "1", "position": "0", "side": side}
        client.post(f"/checks/{done.id}/vote/", body, headers={"HX-Request": "true"})

    with scope(acme.id):
        assert [vote.choice for vote in Vote.objects.all()] == ["tie"]


@pytest.mark.parametrize(
    "body",
    [
        {"seat": "0", "position": "0", "side": "a"},
        {"seat": "2", "position": "0", "side": "a"},
        {"seat": "1", "position": "99", "side": "a"},
        {"seat": "1", "position": "0", "side": "c"},
        {"seat": "x", "position": "0", "side": "a"},
        {},
    ],
)
def test_a_vote_on_no_pair_is_refused(
    sign_in: SignIn, mia: User, done: Check, body: dict[str, str]
) -> None:
    assert sign_in(mia).post(f"/checks/{done.id}/vote/", body).status_code == 404


def test_a_viewer_sees_figures_and_neither_prompts_nor_answers(
    sign_in: SignIn, vic: User, done: Check
) -> None:
    page = sign_in(vic).get(f"/checks/{done.id}/")

    assert page.status_code == 200
    assert "gpt-4o-mini" in page.text
    assert SECRET not in page.text
    assert "Answer 0 of 0" not in page.text


def test_a_viewer_may_neither_start_vote_nor_delete(
    sign_in: SignIn, vic: User, done: Check
) -> None:
    client = sign_in(vic)

    acts = ("start", "cancel", "delete", "vote")
    statuses = {client.post(f"/checks/{done.id}/{act}/").status_code for act in acts}

    assert statuses == {403}
    assert client.get("/checks/new/").status_code == 403


def test_another_organizations_check_is_not_there(
    sign_in: SignIn, gil: User, done: Check
) -> None:
    client = sign_in(gil)

    assert client.get(f"/checks/{done.id}/").status_code == 404
    assert client.get(f"/checks/{done.id}/events/").status_code == 404
    assert client.post(f"/checks/{done.id}/delete/").status_code == 404
    assert client.get(f"/checks/{uuid7()}/").status_code == 404


def test_nobody_signed_out_sees_a_check(client: Client, done: Check) -> None:
    assert client.get(f"/checks/{done.id}/").status_code == 302


def test_deleting_prompts_takes_the_answers_and_leaves_the_figures(
    sign_in: SignIn, acme: Organization, mia: User, done: Check
) -> None:
    client = sign_in(mia)

    client.post(f"/checks/sets/{done.prompt_set_id}/delete/")

    page = client.get(f"/checks/{done.id}/")
    assert "The answers were removed" in page.text
    assert "Answer 0 of 0" not in page.text
    with scope(acme.id):
        assert not PromptSet.objects.exists()


def test_prompts_of_a_running_check_are_not_deleted(
    sign_in: SignIn, acme: Organization, mia: User
) -> None:
    with scope(acme.id):
        check = make_done(state=Check.State.RUNNING, ended_at=None)
    client = sign_in(mia)

    client.post(f"/checks/sets/{check.prompt_set_id}/delete/")
    client.post(f"/checks/{check.id}/delete/")

    with scope(acme.id):
        assert PromptSet.objects.exists()
        assert Check.objects.exists()


def test_a_running_check_tells_its_progress_and_works_without_script(
    sign_in: SignIn, acme: Organization, mia: User
) -> None:
    with scope(acme.id):
        check = make_done(4, state=Check.State.RUNNING, ended_at=None)

    page = sign_in(mia).get(f"/checks/{check.id}/")

    assert f'sse-connect="/checks/{check.id}/events/"' in page.text
    assert "8 of 8 answers" in page.text
    assert "<noscript>" in page.text


@pytest.fixture
def at_market(transactional_db: None) -> tuple[Organization, Client]:
    """A member of an organization with three models to choose from."""
    make_market("http://127.0.0.1:9/v1")
    org = make_org("Acme")
    member = make_member(org, "mia")
    client = Client()
    client.force_login(member)
    return org, client


FORM = {
    "name": "Cheaper triage",
    "model_1": BASELINE,
    "model_2": CANDIDATE,
    "source": "typed",
    "typed": "One\nTwo",
    "is_blind": "on",
    "margin": "15",
    "max_tokens": "100",
}


def test_a_draft_says_to_whom_and_for_how_much_and_starts(
    at_market: tuple[Organization, Client],
) -> None:
    org, client = at_market

    made = client.post("/checks/new/", {**FORM, "judge_model": JUDGE})
    page = client.get(made.headers["Location"])

    assert "primary-house, backup-house, third-house" in page.text
    assert "at the most" in page.text
    with scope(org.id):
        check = Check.objects.get()
    assert (check.state, check.prompts, check.margin) == ("draft", 2, 0.15)
    # Two answers at the most of 100 tokens at $2, $4 per million, and four
    # judgements; so far under a cent, and 1,000 times less than by-the-thousand prices.
    assert Decimal("0.001") < check.ceiling_usd < Decimal("0.3")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"typed": ""}, "There is no prompt in it."),
        ({"model_2": BASELINE}, "Each model stands in a check once."),
        ({"model_2": "nobody/nothing"}, "nobody/nothing cannot take part"),
        ({"judge_model": "primary-house/other"}, "of another maker"),
        ({"regex": "("}, "The pattern cannot be read"),
        ({"is_exact": "on"}, "None of the prompts says what is expected."),
        ({"source": "sampled"}, "sampled from a use case"),
        ({"source": "set"}, "Choose a set."),
        ({"source": "upload"}, "Choose a file."),
        ({"ceiling_usd": "-1"}, "greater than or equal to 0"),
        ({"margin": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_with_a_check_is_told_and_nothing_stays(
    at_market: tuple[Organization, Client], changed: dict[str, str], told: str
) -> None:
    org, client = at_market

    page = client.post("/checks/new/", {**FORM, **changed})

    assert page.status_code == 422
    assert told in page.text
    with scope(org.id):
        assert not PromptSet.objects.exists()


def test_an_uploaded_file_is_read_and_its_lines_named(
    at_market: tuple[Organization, Client],
) -> None:
    _, client = at_market
    good = SimpleUploadedFile("p.csv", b"prompt,expected\nHi,Hello\n")
    bad = SimpleUploadedFile("p.jsonl", b'{"prompt": "Hi"}\n{"prompt":\n')

    made = client.post("/checks/new/", {**FORM, "source": "upload", "upload": good})
    refused = client.post("/checks/new/", {**FORM, "source": "upload", "upload": bad})

    assert made.status_code == 302
    assert "Line 2 is not JSON." in refused.text
