"""Every snippet of the connect page is a program that its language can read."""

import ast
import shutil
import subprocess

import pytest

from apps.router.snippets import KEY_VARIABLE, snippets

SITE = "https://router.example.com"
ALL = {snippet.name: snippet for snippet in snippets(SITE + "/")}
# Each needs a program of its own to be checked with.
CHECKS = {"javascript": ["node", "--check", "-"], "shell": ["bash", "-n"]}


@pytest.mark.parametrize("name", ALL)
def test_a_snippet_can_be_read(name: str) -> None:
    snippet = ALL[name]
    if snippet.language == "python":
        ast.parse(snippet.code)
    elif check := CHECKS.get(snippet.language):
        if shutil.which(check[0]) is None:
            pytest.skip(f"{check[0]} is not installed")
        if snippet.language == "javascript":
            check = ["node", "--input-type=module", "--check", "-"]
        done = subprocess.run(
            check, input=snippet.code.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ALL)
def test_a_snippet_names_this_installation_and_holds_no_key(name: str) -> None:
    snippet = ALL[name]

    assert SITE in snippet.code
    assert "mx_" not in snippet.code
    assert KEY_VARIABLE in snippet.code or snippet.language == "text"


def test_every_client_that_is_promised_is_there() -> None:
    assert list(ALL) == [
        "openai-python",
        "openai-js",
        "anthropic",
        "langchain",
        "llamaindex",
        "ai-sdk",
        "curl",
        "litellm",
        "claude-code",
        "cursor",
    ]
