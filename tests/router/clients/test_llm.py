"""The command line tool `llm`, with only a base URL and a key in its configuration."""

import json
import sys
from pathlib import Path

import pytest

from apps.providers.fake import FakeProvider
from tests.router.clients.conftest import Place, run

pytestmark = pytest.mark.django_db(transaction=True)

MODELS = """\
- model_id: ours
  model_name: primary
  api_base: {base_url}
  api_key_name: gateway
  supports_schema: true
  vision: true
- model_id: theirs
  model_name: nope
  api_base: {base_url}
  api_key_name: gateway
"""
# One transparent pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000000000500010d0a2db40000000049454e44ae426082"
)


async def test_the_usual_calls(
    place: Place, fake: FakeProvider, tmp_path: Path
) -> None:
    home = tmp_path / "llm"
    home.mkdir()
    models = MODELS.format(base_url=place.base_url)
    (home / "extra-openai-models.yaml").write_text(models)
    (home / "keys.json").write_text(json.dumps({"gateway": place.api_key}))
    (tmp_path / "pixel.png").write_bytes(PIXEL)
    fake.script("primary", text="Hello there")

    async def llm(*words: str) -> str:
        return await run(
            sys.executable,
            *("-W", "ignore", "-m", "llm", *words, "-m", "ours"),
            cwd=tmp_path,
            LLM_USER_PATH=str(home),
            # A package of model weights calls itself a plugin, and is none.
            LLM_LOAD_PLUGINS="",
        )

    assert (await llm("Hi")).strip() == "Hello there"
    assert fake.requests[0].body["stream"] is True
    assert (await llm("What?", "-a", "pixel.png")).strip() == "Hello there"
    assert fake.requests[-1].body["messages"][0]["content"][1]["type"] == "image_url"
    fake.forget()
    fake.script("primary", text='{"name": "Oslo"}')
    said = await llm("A city", "--schema", "name, people int")
    assert json.loads(said) == {"name": "Oslo"}
    assert fake.requests[0].body["response_format"]["type"] == "json_schema"
