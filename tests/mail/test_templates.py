"""Every mail has a subject of one line, and the same words as text and as HTML."""

import re
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.utils.html import strip_tags

from apps.kit.clock import utc_now
from apps.mail.services import render

FOLDER: Final = Path(settings.BASE_DIR) / "templates" / "emails"
NAMES: Final = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


class _Anything(dict[str, Any]):
    """A value for whatever a template asks for, marked so that it is found again."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Any:
        if name == "user":
            return {"email": "<email>"}
        if name.endswith("_at") or name == "timestamp":
            return utc_now()
        if name.endswith("url"):
            return f"https://modeloptix.test/{name}/"
        return f"<{name}>"


def _context(name: str) -> dict[str, Any]:
    source = "".join(path.read_text() for path in (FOLDER / name).iterdir())
    source += (FOLDER / "notice.html").read_text()
    anything = _Anything()
    names = set(re.findall(r"{{ ?(\w+)", source)) | set(
        re.findall(r"url=(\w+)", source)
    )
    names |= set(re.findall(r"with code=(\w+)", source))
    # Looked into by allauth's templates of old.
    names.add("user")
    return {
        one: anything[one]
        for one in sorted(names - {"subject", "site_url", "unsubscribe_url"})
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_has_its_three_parts(name: str) -> None:
    parts = {path.name for path in (FOLDER / name).iterdir()}

    assert parts >= {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_renders_alike_as_text_and_html(name: str) -> None:
    mail = render(name, _context(name))

    shown = unescape(
        strip_tags(re.sub(r"<style>.*?</style>", "", mail["html"], flags=re.S))
    )
    links = set(re.findall(r"https?://\S+", mail["text"]))
    assert mail["subject"].strip()
    assert "\n" not in mail["subject"]
    assert all(link in unescape(mail["html"]) for link in links)
    assert set(re.findall(r"<\w+>", mail["text"])) <= set(
        re.findall(r"<\w+>", unescape(mail["html"]))
    )
    assert "{{" not in mail["text"] + mail["html"]
    assert shown.strip()


@pytest.mark.parametrize("name", NAMES)
def test_what_people_typed_is_no_markup(name: str) -> None:
    context = {
        key: "<img src=x>" if isinstance(value, str) else value
        for key, value in _context(name).items()
    }

    assert "<img src=x>" not in render(name, context)["html"]
