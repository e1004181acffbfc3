"""The addresses of sanity checks and prompt sets: see `addresses.py`."""

from typing import Final

from apps.checks.forms import NewCheckForm
from apps.checks.guest_views import TryForm
from apps.checks.serializers import NewCheckSerializer
from tests.fences.rules import ANYONE, MEMBERS, WORKERS, Rule

KEY: Final = frozenset({"checks:run"})
READERS: Final = MEMBERS | KEY
RUNNERS: Final = WORKERS | KEY
NEW_CHECK: Final = {
    "name": "Cheaper",
    "model_1": "nobody/one",
    "model_2": "nobody/two",
    "source": "typed",
    "typed": "Hi",
    "margin": "15",
}
VOTE: Final = {"seat": "1", "position": "0", "side": "a", "page": "1"}
NEW_SET: Final = {"name": "Ours", "prompts": [{"prompt": "Hi"}]}
API_CHECK: Final = {
    "name": "Cheaper",
    "models": ["nobody/one", "nobody/two"],
    "prompt_set": "01993f00-0000-7000-8000-000000000000",
}
API_VOTE: Final = {"model": "nobody/two", "position": 0, "choice": "tie"}

CHECKS_RULES: Final[dict[str, list[Rule]]] = {
    "try/": [
        Rule(ANYONE),
        Rule(ANYONE, "post", {}, accepts=frozenset(TryForm.base_fields)),
    ],
    "checks/": [Rule(MEMBERS)],
    "checks/new/": [
        Rule(WORKERS),
        Rule(
            WORKERS,
            "post",
            NEW_CHECK,
            accepts=frozenset(NewCheckForm.base_fields),
        ),
    ],
    "checks/<uuid:check_id>/": [Rule(MEMBERS, names="check")],
    "checks/<uuid:check_id>/events/": [Rule(MEMBERS, names="check")],
    "checks/<uuid:check_id>/start/": [Rule(WORKERS, "post", {}, names="check")],
    "checks/<uuid:check_id>/cancel/": [Rule(WORKERS, "post", {}, names="check")],
    "checks/<uuid:check_id>/delete/": [Rule(WORKERS, "post", {}, names="check")],
    "checks/<uuid:check_id>/vote/": [Rule(WORKERS, "post", VOTE, names="check")],
    "checks/sets/<uuid:set_id>/delete/": [
        Rule(WORKERS, "post", {}, names="prompt_set")
    ],
    "api/v1/checks": [
        Rule(READERS),
        Rule(
            RUNNERS,
            "post",
            API_CHECK,
            accepts=frozenset(NewCheckSerializer().fields),
        ),
    ],
    "api/v1/checks/<uuid:check_id>": [
        Rule(READERS, names="check"),
        Rule(RUNNERS, "delete", names="check"),
    ],
    "api/v1/checks/<uuid:check_id>/start": [Rule(RUNNERS, "post", {}, names="check")],
    "api/v1/checks/<uuid:check_id>/cancel": [Rule(RUNNERS, "post", {}, names="check")],
    "api/v1/checks/<uuid:check_id>/answers": [Rule(READERS, names="check")],
    "api/v1/checks/<uuid:check_id>/votes": [
        Rule(RUNNERS, "post", API_VOTE, names="check")
    ],
    "api/v1/prompt-sets": [
        Rule(READERS),
        Rule(
            RUNNERS,
            "post",
            NEW_SET,
            accepts=frozenset({"use_case", "sample"}),
        ),
    ],
    "api/v1/prompt-sets/<uuid:set_id>": [
        Rule(READERS, names="prompt_set"),
        Rule(RUNNERS, "delete", names="prompt_set"),
    ],
}
