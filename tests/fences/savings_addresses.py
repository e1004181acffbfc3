"""The addresses of switches and savings: see `addresses.py`."""

from typing import Final

from tests.fences.rules import LEADERS, MEMBERS, Rule

KEY: Final = frozenset({"switches:manage"})
NO_USE_CASE: Final = "01993f00-0000-7000-8000-000000000000"
NEW_SWITCH: Final = {"mode": "recorded", "seen_model": "nobody/no-model"}
API_SWITCH: Final = {
    "use_case_id": NO_USE_CASE,
    "to_model": "nobody/no-model",
    "mode": "recorded",
}
CANARY_FIELDS: Final = frozenset(
    {
        *("share", "min_requests", "min_hours", "max_days", "max_error_points"),
        *("max_p95_ratio", "checks_quality", "quality_margin", "shadow_budget_usd"),
        "reason",
    }
)

SAVINGS_RULES: Final[dict[str, list[Rule]]] = {
    "savings/": [Rule(MEMBERS)],
    "savings/export.csv": [Rule(MEMBERS)],
    "savings/switches/": [Rule(MEMBERS)],
    "savings/switches/<uuid:switch_id>/": [Rule(MEMBERS, names="switch")],
    "savings/switches/<uuid:switch_id>/undo/": [
        Rule(LEADERS, "post", {}, names="switch")
    ],
    "savings/switches/<uuid:switch_id>/<slug:act>/": [
        Rule(LEADERS, "post", {}, names="switch")
    ],
    "savings/opportunities/<uuid:opportunity_id>/switch/": [
        Rule(LEADERS, names="switchable"),
        Rule(LEADERS, "post", NEW_SWITCH, names="switchable", accepts=CANARY_FIELDS),
    ],
    "savings/use-cases/<uuid:use_case_id>/switch/": [
        Rule(LEADERS, names="use_case"),
        Rule(LEADERS, "post", NEW_SWITCH, names="use_case", accepts=CANARY_FIELDS),
    ],
    "api/v1/savings": [Rule(MEMBERS | KEY)],
    "api/v1/switches": [
        Rule(MEMBERS | KEY),
        Rule(
            LEADERS | KEY,
            "post",
            API_SWITCH,
            accepts=frozenset(
                {
                    *("to_provider", "opportunity_id", "reason", "seen_model"),
                    *("share", "rails", "shadow_budget_usd"),
                }
            ),
        ),
    ],
    "api/v1/switches/<uuid:switch_id>": [Rule(MEMBERS | KEY, names="switch")],
    "api/v1/switches/<uuid:switch_id>/<slug:act>": [
        Rule(LEADERS | KEY, "post", {}, names="switch")
    ],
}
