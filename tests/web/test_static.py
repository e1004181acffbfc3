"""What the front end may not do, and what must be committed with it."""

import json
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# Mail is no page: its readers know no style sheet, and no policy stops theirs.
PAGES: Final = [
    page
    for page in sorted((ROOT / "templates").rglob("*.html"))
    if ROOT / "templates/emails" not in page.parents
]
# The content security policy stops all three, and silently.
FORBIDDEN: Final = re.compile(
    r"\sstyle=|<style\b|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)|hx-on|hx-vals=.js:"
)


def test_no_template_holds_an_inline_style_or_script() -> None:
    found = {str(page): FORBIDDEN.findall(page.read_text()) for page in PAGES}

    assert {page: hits for page, hits in found.items() if hits} == {}


def test_the_lock_of_the_build_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()

    assert '"resolved"' not in lock


def test_what_the_pages_load_is_committed() -> None:
    loaded = {
        name
        for page in PAGES
        for name in re.findall(r'{% static "([^"]+)" %}', page.read_text())
    }

    # The admin's own come with Django (`config.static`).
    ours = [name for name in loaded if not name.startswith("admin/")]
    assert ours
    assert [name for name in ours if not (ROOT / "static" / name).is_file()] == []


def test_every_icon_in_use_is_in_the_sprite() -> None:
    sprite = (ROOT / "static/img/icons.svg").read_text()
    used = {
        name
        for page in PAGES
        for name in re.findall(r'{% icon "([^"]+)" %}', page.read_text())
    }

    assert [name for name in sorted(used) if f'id="{name}"' not in sprite] == []


def test_every_component_says_what_it_takes() -> None:
    parts = (ROOT / "templates/components").glob("*.html")
    silent = [p.name for p in parts if not p.read_text().startswith("{# Takes")]

    assert silent == []


def test_the_versions_of_the_build_are_fixed() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]

    assert [v for v in wanted.values() if not re.fullmatch(r"[\d.]+", v)] == []
