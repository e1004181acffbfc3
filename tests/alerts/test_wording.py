"""What each channel is sent, of one alert and of many."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.alerts import wording
from apps.alerts.channel_rules import clean_url
from apps.alerts.kinds import HELP, LABELS, Kind, Severity, Via
from apps.alerts.wording import Letter, Told
from apps.mail import kinds as mail_kinds

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
ONE = Told(
    id="a1",
    kind=Kind.PRICE_CHANGE,
    severity=Severity.INFO,
    title="<@everyone> *GPT* costs 12 % less & more",
    body="From $2.50 to $2.20",
    url="https://modeloptix.test/models/",
    subject="openai/gpt",
    created_at=AT,
    data={"n": 1},
)


def letter(number: int = 1) -> Letter:
    alerts = tuple(replace(ONE, id=f"a{n}") for n in range(number - 1))
    grave = replace(ONE, id="last", severity=Severity.CRITICAL, title="Grave")
    told = (*alerts, grave) if number > 1 else (ONE,)
    return Letter("d1", "o1", "Acme", AT, "https://modeloptix.test/alerts/", told)


def test_a_webhook_has_every_alert_whole() -> None:
    body = json.loads(wording.webhook(letter(150)))

    assert (body["type"], body["count"], len(body["alerts"])) == ("alerts", 150, 150)
    assert body["organization"] == {"id": "o1", "name": "Acme"}
    first = body["alerts"][0]
    assert (first["kind"], first["severity"]) == ("price_change", "info")
    assert (first["title"], first["data"]) == (ONE.title, {"n": 1})


@pytest.mark.parametrize("number", [1, 2, 1000])
def test_slack_gets_blocks_within_its_limits_and_nobody_is_pinged(number: int) -> None:
    body = json.loads(wording.slack(letter(number)))

    assert len(body["blocks"]) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"])
    assert "<@everyone>" not in json.dumps(body)
    if number == 1000:
        assert "990 more in the inbox" in body["blocks"][-1]["text"]["text"]
        assert "Grave" in body["blocks"][1]["text"]["text"]


@pytest.mark.parametrize("number", [1, 2, 1000])
def test_discord_gets_embeds_within_its_limits_and_nobody_is_pinged(
    number: int,
) -> None:
    body = json.loads(wording.discord(letter(number)))

    sizes = [len(e["title"]) + len(e["description"]) for e in body["embeds"]]
    assert len(sizes) <= 10
    assert sum(sizes) <= 6000
    assert body["allowed_mentions"] == {"parse": []}
    assert "\\*GPT\\*" in json.loads(wording.discord(letter()))["embeds"][0]["title"]


def test_every_kind_has_its_words_and_can_be_refused_by_mail() -> None:
    assert set(LABELS) == set(HELP) == set(Kind)
    assert {kind.value for kind in Kind} < {kind.value for kind in mail_kinds.Kind}
    assert set(mail_kinds.LABELS) == set(mail_kinds.Kind)


@pytest.mark.parametrize(
    ("via", "url"),
    [
        (Via.SLACK, "https://hooks.slack.com/services/T0/B0/abc"),
        (Via.SLACK, "https://hooks.slack.com/triggers/T0/1/abc"),
        (Via.DISCORD, "https://discord.com/api/webhooks/123/a-b_c"),
        (Via.DISCORD, "https://discordapp.com/api/v10/webhooks/123/abc"),
    ],
)
def test_a_chats_own_address_is_taken(via: Via, url: str) -> None:
    assert clean_url(via, f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T0/B0/abc",
        "https://hooks.slack.com.evil.test/services/T0/B0/abc",
        "https://evil.test/services/T0/B0/abc",
        "https://hooks.slack.com@evil.test/services/T0/B0/abc",
        "https://user:pw@hooks.slack.com/services/T0/B0/abc",
        "https://hooks.slack.com:8443/services/T0/B0/abc",
        "https://hooks.slack.com/services/../../redirect",
        "https://hooks.slack.com/redirect?to=evil",
        "https://hooks.slack.com/services/T0/B0/abc?next=http://10.0.0.1",
        "https://hooks.slack.com/",
        "https://hooks.slack.com:bad/services/T0/B0/abc",
        "https://127.0.0.1/services/T0/B0/abc",
        "https://hooks.slack.com/services/T0 /B0/abc",
    ],
)
def test_another_address_is_no_chats(url: str) -> None:
    with pytest.raises(ValueError, match=r"must look like|not a URL"):
        clean_url(Via.SLACK, url)
