"""The addresses of aliases and of the routing policy: see `addresses.py`."""

from typing import Final

from apps.router.alias_forms import RulesForm
from tests.fences.rules import LEADERS, MEMBERS, Rule

# Every field of the rules' form, whose fields are told from the API's by `rules`.
RULE_FIELDS: Final = frozenset(RulesForm.base_fields) - {"version"}
ALIAS_FIELDS: Final = RULE_FIELDS | {"description", "budget_day", "budget_month"}
NEW_ALIAS: Final = {"name": "uc/triage", "version": "1", "cache": "off"}
CHANGED_ALIAS: Final = {"version": "1", "cache": "off"}

ALIAS_RULES: Final[dict[str, list[Rule]]] = {
    "router/aliases/": [Rule(MEMBERS)],
    "router/aliases/new/": [
        Rule(LEADERS),
        Rule(LEADERS, "post", NEW_ALIAS, accepts=ALIAS_FIELDS),
    ],
    "router/aliases/preview/": [Rule(LEADERS, "post", CHANGED_ALIAS)],
    "router/aliases/restore/": [Rule(LEADERS, "post", {})],
    "router/aliases/<uuid:alias_id>/": [
        Rule(MEMBERS, names="alias"),
        Rule(LEADERS, "post", CHANGED_ALIAS, names="alias", accepts=ALIAS_FIELDS),
    ],
    "router/aliases/<uuid:alias_id>/pause/": [
        Rule(LEADERS, "post", {"action": "pause"}, names="alias")
    ],
    "router/aliases/<uuid:alias_id>/delete/": [
        Rule(LEADERS, "post", {}, names="alias")
    ],
    "router/policy/": [
        Rule(MEMBERS),
        Rule(
            LEADERS,
            "post",
            CHANGED_ALIAS,
            accepts=RULE_FIELDS | {"premium_model"},
        ),
    ],
    "router/policy/preview/": [Rule(LEADERS, "post", CHANGED_ALIAS)],
    "api/v1/aliases": [
        Rule(MEMBERS | {"aliases:manage"}),
        Rule(
            LEADERS | {"aliases:manage"},
            "post",
            {"name": "uc/triage"},
            accepts=frozenset({"description", "is_active", "rules"}),
        ),
    ],
    "api/v1/aliases/preview": [Rule(LEADERS | {"aliases:manage"}, "post", {})],
    "api/v1/aliases/<uuid:alias_id>": [
        Rule(MEMBERS | {"aliases:manage"}, names="alias"),
        Rule(
            LEADERS | {"aliases:manage"},
            "patch",
            {"version": 1},
            names="alias",
            accepts=frozenset({"description", "is_active", "rules"}),
        ),
        Rule(LEADERS | {"aliases:manage"}, "delete", names="alias"),
    ],
    "api/v1/policy": [
        Rule(MEMBERS | {"aliases:manage"}),
        Rule(
            LEADERS | {"aliases:manage"},
            "patch",
            {"version": 1, "rules": {}},
            accepts=frozenset({"premium_model"}),
        ),
    ],
    "api/v1/policy/preview": [Rule(LEADERS | {"aliases:manage"}, "post", {})],
}
