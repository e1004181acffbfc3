"""The inbox, the matrix, channels and rules, as people see and change them."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Membership, Organization, User
from apps.alerts import preferences
from apps.alerts.forms import PreferencesForm
from apps.alerts.kinds import Cadence, Kind, Severity, Via
from apps.alerts.models import Alert, Channel, Notice, Preference
from apps.alerts.preferences import Times
from apps.alerts.rule_models import Rule
from apps.mail import unsubscribe
from apps.mail.kinds import Kind as MailKind
from apps.tenancy.scope import scope
from tests.alerts.conftest import make_channel
from tests.fences.alerts_objects import ALERTS_OBJECTS

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]


def _notices(org: Organization, number: int, **fields: Any) -> list[Alert]:
    with scope(org.id):
        alerts = [
            Alert.objects.create(
                **{
                    "kind": Kind.BUDGET,
                    "severity": Severity.WARNING,
                    "title": f"Told {n}",
                    "url": "/budgets/",
                    **fields,
                }
            )
            for n in range(number)
        ]
        for alert in alerts:
            for member in Membership.objects.all():
                Notice.objects.create(
                    alert=alert, member=member, created_at=alert.created_at
                )
    return alerts


def _unread(org: Organization, user: User) -> int:
    with scope(org.id):
        return Notice.objects.filter(member__user=user, read_at=None).count()


def test_an_empty_inbox_says_that_all_is_quiet(sign_in: SignIn, olga: User) -> None:
    assert "All quiet" in sign_in(olga).get("/alerts/").content.decode()


def test_the_inbox_is_ones_own_and_is_filtered(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    _notices(acme, 2)
    _notices(acme, 1, kind=Kind.NEW_MODEL, severity=Severity.INFO, title="A model")
    client = sign_in(olga)

    everything = client.get("/alerts/").content.decode()
    budgets = client.get("/alerts/?kind=budget").content.decode()
    grave = client.get("/alerts/?severity=1").content.decode()
    nonsense = client.get("/alerts/?kind=x&severity=9")

    assert everything.count("Told") == 2
    assert "A model" in everything
    assert "A model" not in budgets
    assert "A model" not in grave
    assert nonsense.status_code == 200


def test_alerts_are_marked_read_and_unread_for_oneself_alone(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    first, second, _ = _notices(acme, 3)
    client = sign_in(olga)

    client.post(f"/alerts/{first.id}/mark/", {"as": "read"})
    assert (_unread(acme, olga), _unread(acme, mia)) == (2, 3)
    assert client.get(f"/alerts/{second.id}/").headers["Location"] == "/budgets/"
    assert _unread(acme, olga) == 1
    client.post(f"/alerts/{first.id}/mark/", {"as": "unread"})
    assert _unread(acme, olga) == 2
    assert ">2<" in client.get("/alerts/unread/").content.decode()
    client.post("/alerts/read/")

    assert (_unread(acme, olga), _unread(acme, mia)) == (0, 3)
    assert "badge" not in client.get("/alerts/unread/").content.decode()


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test/", "javascript:x"])
def test_no_button_leads_out_of_here(sign_in: SignIn, olga: User, back: str) -> None:
    answer = sign_in(olga).post("/alerts/read/", {"back": back})

    assert answer.headers["Location"] == "/alerts/"


def _matrix(**changes: str) -> dict[str, str]:
    """The form as the page sends it, with everything off but what is asked for."""
    body = {"time_zone": "Europe/Berlin", "quiet_breaks": "2"}
    for name, field in PreferencesForm().fields.items():
        if name.endswith("_cadence"):
            body[name] = "weekly" if name.startswith("digest") else "immediate"
        if name.endswith("_severity"):
            body[name] = str(field.choices[0][0])  # type: ignore[attr-defined]  # a choice field
    return body | changes


def test_preferences_are_saved_for_oneself(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    client = sign_in(mia)
    body = _matrix(
        quiet_from="22:00",
        quiet_until="07:00",
        budget_email="on",
        budget_severity="2",
        budget_cadence="daily",
    )
    answer = client.post("/alerts/preferences/", body)
    page = client.get("/alerts/preferences/").content.decode()

    assert answer.status_code == 302
    assert 'value="22:00"' in page
    with scope(acme.id):
        member = Membership.objects.get(user=mia)
        budget = Preference.objects.get(member=member, kind=Kind.BUDGET)
        assert (budget.email, budget.in_app) == (True, False)
        assert (budget.min_severity, budget.cadence) == (Severity.URGENT, "daily")
        assert preferences.times_of(member).quiet_from == time(22)
        assert not Preference.objects.exclude(member=member).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"quiet_from": "22:00"},
        {"quiet_from": "22:00", "quiet_until": "22:00"},
        {"quiet_from": "25:00", "quiet_until": "07:00"},
        {"time_zone": "Mars/Olympus"},
        {"budget_cadence": "hourly"},
        {"digest_cadence": "daily"},
        {"quiet_breaks": "7"},
    ],
)
def test_preferences_that_cannot_be_are_refused(
    sign_in: SignIn, acme: Organization, olga: User, changes: dict[str, str]
) -> None:
    answer = sign_in(olga).post("/alerts/preferences/", _matrix(**changes))

    assert answer.status_code == 422
    with scope(acme.id):
        assert not Preference.objects.exists()


def test_who_unsubscribed_sees_it_and_can_come_back(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    for kind in (MailKind.ALERTS, MailKind.BUDGET):
        unsubscribe.unsubscribe(unsubscribe.Subscription(olga.id, kind))
    client = sign_in(olga)

    page = client.get("/alerts/preferences/").content.decode()
    assert "You unsubscribed from alerts by e-mail" in page
    client.post("/alerts/preferences/", _matrix(budget_email="on"))

    for kind in (MailKind.ALERTS, MailKind.BUDGET):
        assert unsubscribe.wants(kind, [olga.id]) == [olga.id]


def test_a_webhook_is_made_and_its_secret_shown_once(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    client = sign_in(olga)
    body = {
        "via": "webhook",
        "name": "Ops",
        "url": "https://93.184.215.14/hook?token=hush-then-tail",
        "min_severity": "0",
    }
    made = client.post("/alerts/channels/", body)
    with scope(acme.id):
        channel = Channel.objects.get()
    again = client.get(f"/alerts/channels/{channel.id}/").content.decode()

    assert made.status_code == 201
    assert "whsec_" in made.content.decode()
    assert "whsec_" not in again
    assert "hush" not in made.content.decode() + again
    rotated = client.post(f"/alerts/channels/{channel.id}/secret/").content.decode()
    assert "whsec_" in rotated
    assert "signs as well" in rotated


def test_a_member_adds_their_own_chat_and_no_webhook(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    client = sign_in(mia)
    url = "https://hooks.slack.com/services/T0/B0/abcdef"
    slack = client.post("/alerts/channels/", {"via": "slack", "name": "Me", "url": url})
    hook = client.post(
        "/alerts/channels/", {"via": "webhook", "name": "X", "url": "https://a.test/"}
    )
    wrong = client.post(
        "/alerts/channels/", {"via": "slack", "name": "X", "url": "https://a.test/"}
    )

    assert (slack.status_code, hook.status_code, wrong.status_code) == (302, 422, 422)
    with scope(acme.id):
        channel = Channel.objects.get()
        assert channel.member == Membership.objects.get(user=mia)
    path = f"/alerts/channels/{channel.id}/"
    assert sign_in(olga).get(path).status_code == 404
    assert client.post(f"{path}off/").status_code == 302
    assert client.post(f"{path}delete/").status_code == 302


def test_a_viewer_reads_the_organizations_channels_and_changes_none(
    sign_in: SignIn, acme: Organization, olga: User, vic: User
) -> None:
    channel = make_channel(acme)
    client = sign_in(vic)

    assert "Ops" in client.get("/alerts/channels/").content.decode()
    assert client.get(f"/alerts/channels/{channel.id}/").status_code == 200
    for action in ("off", "delete", "test", "secret"):
        answer = client.post(f"/alerts/channels/{channel.id}/{action}/")
        assert answer.status_code == 403


def test_a_rule_is_made_tried_switched_and_deleted(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    client = sign_in(olga)
    body = {
        "about": "price_move",
        "percent": "12.5",
        "severity": "1",
        "cooldown_h": "24",
    }
    tried = client.post("/alerts/rules/", {**body, "preview": "1"}).content.decode()
    made = client.post("/alerts/rules/", body)
    with scope(acme.id):
        rule = Rule.objects.get()

    assert "would have fired 0 times in the last 30 days" in tried
    assert made.status_code == 302
    assert rule.params == {"percent": "12.5"}
    assert rule.name == "The price of any model we use moves by more than 12.5 %"
    client.post(f"/alerts/rules/{rule.id}/off/")
    with scope(acme.id):
        rule.refresh_from_db()
        assert not rule.is_enabled
    client.post(f"/alerts/rules/{rule.id}/delete/")
    with scope(acme.id):
        assert not Rule.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"about": "price_move", "percent": "0"},
        {"about": "price_move"},
        {"about": "spend", "alias": "uc/none", "usd": "5"},
        {"about": "better_model", "points": "5", "price_percent": "101"},
        {"about": "nonsense"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    sign_in: SignIn, acme: Organization, olga: User, body: dict[str, str]
) -> None:
    body = {"severity": "1", "cooldown_h": "24", **body}

    assert sign_in(olga).post("/alerts/rules/", body).status_code == 422


def test_in_the_api_a_key_sees_all_and_a_member_their_own(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    first, _ = _notices(acme, 2)
    client = sign_in(mia)
    mine = client.get("/api/v1/alerts?min_severity=warning").json()
    marked = client.post(
        "/api/v1/alerts/read", {"ids": [str(first.id)]}, "application/json"
    ).json()
    wrong = client.get("/api/v1/alerts?kind=nonsense")

    assert (len(mine["data"]), mine["unread"]) == (2, 2)
    assert mine["data"][0]["severity"] == "warning"
    assert marked == {"marked": 1, "unread": 1}
    assert wrong.status_code == 400


def test_in_the_api_a_webhook_is_made_changed_and_deleted(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    client = sign_in(olga)
    url = "https://93.184.215.14/hook"
    made = client.post(
        "/api/v1/webhooks", {"name": "Ops", "url": url}, "application/json"
    ).json()
    path = f"/api/v1/webhooks/{made['id']}"
    changed = client.patch(path, {"min_severity": "urgent"}, "application/json").json()
    slip = client.patch(path, {"min_severty": "urgent"}, "application/json")
    inside = client.post(
        "/api/v1/webhooks",
        {"name": "X", "url": "https://10.0.0.1/"},
        "application/json",
    )

    assert made["secret"].startswith("whsec_")
    assert made["url"] == "https://93.184.215.14/…hook"
    assert (changed["min_severity"], "secret" in changed) == ("urgent", False)
    assert (slip.status_code, inside.status_code) == (400, 400)
    assert client.get(f"{path}/deliveries").json() == {"data": []}
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_anonymous_and_other_organizations_see_nothing(
    client: Client, sign_in: SignIn, acme: Organization, olga: User, gil: User
) -> None:
    channel = ALERTS_OBJECTS["channel"](acme)

    assert client.get("/alerts/").status_code == 302
    assert client.get("/api/v1/alerts").status_code == 401
    assert sign_in(gil).get(f"/alerts/channels/{channel}/").status_code == 404


def test_a_person_who_moves_gets_the_morning_of_the_new_place(
    acme: Organization, olga: User
) -> None:
    with scope(acme.id):
        member = Membership.objects.get(user=olga)
        person = preferences.person_of(member)
        wishes = preferences.wishes_of(person)
        preferences.save(member, wishes, Times("Pacific/Auckland"))

        moved = preferences.person_of(member)

    assert str(moved.zone) == "Pacific/Auckland"
    assert moved.wish(Kind.DIGEST).cadence == Cadence.WEEKLY
    assert Via.EMAIL.label == "E-mail"
