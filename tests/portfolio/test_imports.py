"""Imports: looked at first, all or nothing, the same file known again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.portfolio.import_queries import preview
from apps.portfolio.import_services import (
    CREATE,
    SKIP,
    UPDATE,
    BadRowsError,
    Choice,
    Target,
    Upload,
    confirm_import,
    discard_import,
    upload_export,
)
from apps.portfolio.imports.propose import Proposal
from apps.portfolio.models import Import, Product, UseCase
from apps.tenancy.scope import scope
from tests.portfolio.conftest import AtOnce
from tests.portfolio.making import MODEL, make_model, make_product

pytestmark = pytest.mark.django_db(transaction=True)
type SignIn = Callable[[User], Client]
HERE = Path(__file__).parent / "exports"
HEADER = "date,model_permaslug,requests,prompt_tokens,completion_tokens,usage\n"
GOOD = f"2026-11-01,{MODEL},300,45000,15000,0.5\n"
OTHER = "2026-11-30,nobody/knows,30,1000,500,0.1\n"
TARGET = Target(new_product="Imported")


def upload(text: str = HEADER + GOOD + OTHER, **options: Any) -> Import:
    return upload_export(Upload(text.encode(), "usage.csv", **options), by=None)


def proposals(stored: Import) -> list[Proposal]:
    return [Proposal.from_json(one) for one in stored.proposals]


@pytest.fixture
def inside(acme: Organization, transactional_db: None) -> Any:
    make_model()
    with scope(acme.id):
        yield


@pytest.mark.usefixtures("inside")
def test_an_import_is_a_draft_until_it_is_confirmed() -> None:
    draft = upload()
    known, unknown = proposals(draft)
    assert (known.slug, unknown.slug) == (MODEL, "")
    assert not UseCase.objects.exists()

    choices = {0: Choice(CREATE, task="coding"), 1: Choice(CREATE, model=MODEL)}
    confirm_import(draft.id, TARGET, choices)

    first, second = UseCase.objects.order_by("name")
    assert {first.current_model_id, second.current_model_id} == {make_model().id}
    coded = UseCase.objects.get(task="coding")
    # 300 calls in the file's 30 days; the costs are the file's and stay there.
    assert (coded.calls_month, coded.input_tokens, coded.output_tokens) == (
        304,
        150,
        50,
    )
    assert (coded.volume_origin, coded.required_context) == ("import", 4_096)
    assert coded.volume_note == "OpenRouter activity by day, 01 Nov to 30 Nov 2026"


@pytest.mark.usefixtures("inside")
def test_a_bad_row_stops_all_of_it_until_such_rows_may_go() -> None:
    text = HEADER + GOOD + "2026-11-02,m,many,1,2,3\n"

    with pytest.raises(BadRowsError, match="Line 3, column requests: 'many'"):
        upload(text)
    assert not Import.objects.exists()

    draft = upload(text, leaves_out_bad=True)
    assert (draft.left_out, draft.row_count) == (1, 2)
    assert "Line 3" in draft.notes[0]


@pytest.mark.usefixtures("inside")
def test_what_cannot_be_is_named_and_nothing_is_half_written() -> None:
    draft = upload()

    for choice, param in (
        (Choice(CREATE), "choices.1.model"),
        (
            Choice(CREATE, model=MODEL, name=f"{MODEL.partition('/')[2]}"),
            "choices.1.name",
        ),
        (Choice(UPDATE), "choices.1.action"),
    ):
        with pytest.raises(ValidationError) as refused:
            confirm_import(draft.id, TARGET, {0: Choice(CREATE), 1: choice})
        assert refused.value.param == param
    with pytest.raises(ValidationError, match="Give it a name"):
        confirm_import(draft.id, Target(), {0: Choice(CREATE)})

    assert not Product.objects.exists()
    assert Import.objects.get().confirmed_at is None


@pytest.mark.usefixtures("inside")
def test_the_same_file_is_known_and_a_newer_one_updates() -> None:
    first = upload()
    again = upload()
    assert Import.objects.count() == 1  # one draft a file
    confirm_import(again.id, TARGET, {0: Choice(CREATE)})

    same = preview(upload().id)
    assert same.earlier is not None
    newer = upload(HEADER + GOOD.replace(",300,", ",600,") + OTHER)
    shown = preview(newer.id)
    assert shown.earlier is None
    assert shown.lines[0].use_case is not None
    confirm_import(newer.id, Target(), {0: Choice(UPDATE), 1: Choice(SKIP)})

    # The newer figures stand in place of the older; nothing was added up.
    assert UseCase.objects.get().calls_month == 609
    with pytest.raises(NotFoundError):
        preview(first.id)


def test_confirmed_twice_at_once_it_is_done_once(
    acme: Organization, at_once: AtOnce
) -> None:
    make_model()
    with scope(acme.id):
        draft = upload()

    outcomes = at_once(
        acme, [lambda: confirm_import(draft.id, TARGET, {0: Choice(CREATE)})] * 3
    )

    assert outcomes == ["ok"] * 3
    with scope(acme.id):
        assert UseCase.objects.count() == Product.objects.count() == 1


@pytest.mark.usefixtures("free_plan")
def test_an_import_obeys_the_plan(acme: Organization) -> None:
    make_model()
    make_product(acme)
    with scope(acme.id):
        draft = upload()
        with pytest.raises(Exception, match="room for 1 product"):
            confirm_import(draft.id, TARGET, {0: Choice(CREATE)})
        assert not UseCase.objects.exists()


@pytest.mark.usefixtures("inside")
def test_an_export_that_counts_no_calls_leaves_them_unknown() -> None:
    content = (HERE / "anthropic_usage.csv").read_bytes()
    draft = upload_export(Upload(content, "usage.csv"), by=None)

    choices = {
        0: Choice(CREATE, model=MODEL, calls_month=1_000),
        1: Choice(CREATE, model=MODEL),
    }
    confirm_import(draft.id, TARGET, choices)

    silent = UseCase.objects.get(calls_month=None)
    assert (silent.input_tokens, silent.output_tokens) == (None, None)
    said = UseCase.objects.get(calls_month=1_000)
    # 2,000,000 tokens in two days are 30,437,500 a month.
    assert said.input_tokens == 30_438


@pytest.mark.usefixtures("inside")
def test_a_thrown_away_import_leaves_its_use_cases() -> None:
    draft = upload()
    confirm_import(draft.id, TARGET, {0: Choice(CREATE)})
    discard_import(draft.id)

    assert UseCase.objects.count() == 1
    assert not Import.objects.exists()


def test_a_person_imports_in_three_pages(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_model()
    client = sign_in(mia)
    url = "/portfolio/import/"

    def send(text: str) -> Any:
        file = SimpleUploadedFile("usage.csv", text.encode())
        return client.post(url, {"file": file})

    bad = send(HEADER + "soon,m,1,1,1,1\n")
    good = send(HEADER + GOOD + OTHER)
    row = {"row-0-action": "create", "row-0-name": "Answer", "row-0-model": MODEL}
    other = {"row-1-action": "create", "row-1-name": "Sort", "row-1-model": ""}
    tasks = {"row-0-task": "chat", "row-1-task": "chat"}
    body = {"product": "new", "new_product": "Shop", **row, **other, **tasks}
    page = client.get(good["Location"])
    refused = client.post(good["Location"], body)
    done = client.post(good["Location"], {**body, "row-1-action": "skip"})

    assert bad.status_code == 422
    assert "Line 2, column date" in bad.content.decode()
    assert "could not be matched for sure" in page.content.decode()
    assert refused.status_code == 422
    assert "Say which model of the catalog nobody/knows is" in refused.content.decode()
    assert 'value="Answer"' in refused.content.decode()
    assert (done.status_code, done["Location"]) == (302, "/portfolio/")
    with scope(acme.id):
        assert UseCase.objects.get().name == "Answer"
    assert "created" in client.get(good["Location"]).content.decode()


def test_nothing_of_traffic_is_told_without_traffic(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    answer = sign_in(mia).post("/portfolio/import/traffic/", follow=True)

    assert "without a use case" in answer.content.decode()
    assert ConflictError.status == 409
