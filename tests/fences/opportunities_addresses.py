"""The addresses of opportunities: see `addresses.py`."""

from datetime import timedelta
from typing import Final

from apps.kit.clock import utc_now
from tests.fences.rules import MEMBERS, WORKERS, Rule

KEY: Final = frozenset({"portfolio:manage"})
# A day that is always within the next year.
SOON: Final = (utc_now() + timedelta(days=7)).date().isoformat()
ONE: Final = "opportunities/<uuid:opportunity_id>/"
API: Final = "api/v1/opportunities/<uuid:opportunity_id>"
NAMED: Final = "opportunity"

OPPORTUNITIES_RULES: Final[dict[str, list[Rule]]] = {
    "opportunities/": [Rule(MEMBERS)],
    ONE: [Rule(MEMBERS, names=NAMED)],
    f"{ONE}dismiss/": [
        Rule(
            WORKERS,
            "post",
            {"reason": "risk"},
            names=NAMED,
            accepts=frozenset({"note"}),
        )
    ],
    f"{ONE}snooze/": [Rule(WORKERS, "post", {"until": SOON}, names=NAMED)],
    f"{ONE}restore/": [Rule(WORKERS, "post", {}, names=NAMED)],
    "api/v1/opportunities": [Rule(MEMBERS | KEY)],
    API: [Rule(MEMBERS | KEY, names=NAMED)],
    f"{API}/dismiss": [
        Rule(
            WORKERS | KEY,
            "post",
            {"reason": "risk"},
            names=NAMED,
            accepts=frozenset({"note"}),
        )
    ],
    f"{API}/snooze": [
        Rule(WORKERS | KEY, "post", {"until": f"{SOON}T00:00:00Z"}, names=NAMED)
    ],
    f"{API}/restore": [Rule(WORKERS | KEY, "post", {}, names=NAMED)],
}
