"""The addresses of alerts, channels and rules: see `addresses.py`."""

from typing import Final

from apps.alerts.forms import PreferencesForm
from tests.fences.rules import LEADERS, MEMBERS, Rule

_KEY: Final = frozenset({"alerts:manage"})
# Public, so that it is taken; nothing is sent there.
_URL: Final = "https://93.184.215.14/hook"
_CHANNEL: Final = {"via": "slack", "name": "Chat", "url": "https://x.invalid/"}
_RULE: Final = {"about": "price_move", "params": {"percent": 10}}
_RULE_FIELDS: Final = frozenset(
    {"points", "price_percent", "alias", "usd", "name", "preview"}
)

ALERTS_RULES: Final[dict[str, list[Rule]]] = {
    "alerts/": [Rule(MEMBERS)],
    "alerts/unread/": [Rule(MEMBERS)],
    "alerts/read/": [Rule(MEMBERS, "post", {}, accepts=frozenset({"back"}))],
    "alerts/preferences/": [
        Rule(MEMBERS),
        Rule(
            MEMBERS,
            "post",
            {"time_zone": "UTC"},
            accepts=frozenset(PreferencesForm().fields),
        ),
    ],
    # Everybody adds their own; the organization's are asked for below.
    "alerts/channels/": [
        Rule(MEMBERS),
        Rule(
            MEMBERS,
            "post",
            _CHANNEL,
            accepts=frozenset({"kinds", "min_severity", "is_mine"}),
        ),
    ],
    "alerts/channels/<uuid:channel_id>/": [
        Rule(MEMBERS, names="channel"),
        Rule(
            LEADERS,
            "post",
            {"name": "Ops", "min_severity": "0"},
            names="channel",
            accepts=frozenset({"url", "kinds"}),
        ),
    ],
    "alerts/channels/<uuid:channel_id>/secret/": [
        Rule(LEADERS, "post", {}, names="channel")
    ],
    "alerts/channels/<uuid:channel_id>/<slug:action>/": [
        Rule(LEADERS, "post", {}, names="channel")
    ],
    "alerts/deliveries/<uuid:delivery_id>/": [
        Rule(LEADERS, "post", {}, names="delivery")
    ],
    "alerts/rules/": [
        Rule(MEMBERS),
        Rule(
            LEADERS,
            "post",
            {
                "about": "price_move",
                "percent": "10",
                "severity": "1",
                "cooldown_h": "24",
            },
            accepts=_RULE_FIELDS,
        ),
    ],
    "alerts/rules/<uuid:rule_id>/<slug:action>/": [
        Rule(LEADERS, "post", {}, names="alert_rule")
    ],
    "alerts/<uuid:alert_id>/": [Rule(MEMBERS, names="alert")],
    "alerts/<uuid:alert_id>/mark/": [
        Rule(
            MEMBERS,
            "post",
            {"as": "read"},
            names="alert",
            accepts=frozenset({"back"}),
        )
    ],
    "api/v1/alerts": [Rule(MEMBERS | _KEY)],
    "api/v1/alerts/read": [
        Rule(MEMBERS, "post", {}, accepts=frozenset({"ids", "read"}))
    ],
    "api/v1/alerts/rules": [
        Rule(MEMBERS | _KEY),
        Rule(
            LEADERS | _KEY,
            "post",
            _RULE,
            accepts=frozenset({"name", "severity", "cooldown_h"}),
        ),
    ],
    "api/v1/alerts/rules/preview": [Rule(LEADERS | _KEY, "post", _RULE)],
    "api/v1/alerts/rules/<uuid:rule_id>": [
        Rule(MEMBERS | _KEY, names="alert_rule"),
        Rule(
            LEADERS | _KEY,
            "patch",
            {"name": "Prices"},
            names="alert_rule",
            accepts=frozenset({"params", "severity", "cooldown_h", "is_enabled"}),
        ),
        Rule(LEADERS | _KEY, "delete", names="alert_rule"),
    ],
    "api/v1/webhooks": [
        Rule(MEMBERS | _KEY),
        Rule(
            LEADERS | _KEY,
            "post",
            {"name": "Ops", "url": _URL},
            accepts=frozenset({"via", "kinds", "min_severity"}),
        ),
    ],
    "api/v1/webhooks/<uuid:channel_id>": [
        Rule(MEMBERS | _KEY, names="channel"),
        Rule(
            LEADERS | _KEY,
            "patch",
            {"name": "Ops too"},
            names="channel",
            accepts=frozenset({"url", "kinds", "min_severity", "is_enabled"}),
        ),
        Rule(LEADERS | _KEY, "delete", names="channel"),
    ],
    "api/v1/webhooks/<uuid:channel_id>/secret": [
        Rule(LEADERS | _KEY, "post", {}, names="channel")
    ],
    "api/v1/webhooks/<uuid:channel_id>/test": [
        Rule(LEADERS | _KEY, "post", {}, names="channel")
    ],
    "api/v1/webhooks/<uuid:channel_id>/deliveries": [
        Rule(MEMBERS | _KEY, names="channel")
    ],
    "api/v1/webhooks/deliveries/<uuid:delivery_id>/resend": [
        Rule(LEADERS | _KEY, "post", {}, names="delivery")
    ],
}
