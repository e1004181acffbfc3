"""The addresses of the public side: see `addresses.py`."""

from typing import Final

from tests.fences.rules import ANYONE, Rule

WEB_RULES: Final[dict[str, list[Rule]]] = {
    "": [Rule(ANYONE)],
    "calculator/": [Rule(ANYONE)],
    "calculator/embed/": [Rule(ANYONE)],
    "pricing/": [Rule(ANYONE)],
    "cards/<slug:name>.png": [Rule(ANYONE)],
    "robots.txt": [Rule(ANYONE)],
    "waitlist/": [Rule(ANYONE, "post", {"email": "ina@example.com"})],
    "waitlist/asked/": [Rule(ANYONE)],
    "waitlist/confirm/<str:token>/": [Rule(ANYONE), Rule(ANYONE, "post", {})],
    "waitlist/leave/<str:token>/": [Rule(ANYONE), Rule(ANYONE, "post", {})],
    "waitlist/enter/<str:token>/": [Rule(ANYONE)],
}
