"""The official npm SDK of OpenAI, with only its base URL and key changed."""

import hashlib
import json
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from apps.catalog.services import OperatorOffer, add_offer
from apps.providers.fake import FakeProvider, ToolCall
from tests.router.clients.conftest import Place, run
from tests.router.conftest import eventually

pytestmark = pytest.mark.django_db(transaction=True)

HERE = Path(__file__).parent / "node"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
MODELS = ("hello", "tools", "shaped", "limited", "broken", "endless")


@pytest.fixture
async def node_modules() -> Path:
    """The folder of the SDK that the lock file names, installed once a machine."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    lock = (HERE / "package-lock.json").read_bytes()
    name = f"modeloptix-npm-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    if not (folder / "node_modules" / "openai").is_dir():
        await _install(npm, folder)
    return folder


async def _install(npm: str, folder: Path) -> None:
    """Installed aside and moved into place, so that no half of it is ever used."""
    aside = Path(tempfile.mkdtemp(prefix="modeloptix-npm-"))
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / file, aside)
    try:
        await run(npm, *INSTALL, cwd=aside)
    except (AssertionError, TimeoutError) as problem:
        pytest.skip(f"npm could not install the SDK: {problem}"[:300])
    try:
        aside.rename(folder)
    except OSError:  # another worker was quicker
        shutil.rmtree(aside)


@pytest.fixture
async def models(market: None, fake: FakeProvider) -> None:
    await sync_to_async(_add_models)(fake.base_url)
    calls = (ToolCall("weather", '{"city": "Oslo"}', "call_1"),)
    fake.script("hello", text="Hello there")
    fake.script("tools", text="", tool_calls=(*calls, *calls))
    fake.script("shaped", text='{"name": "Oslo"}')
    fake.script("limited", status=429, retry_after="40")
    fake.script("broken", status=400 + 100)
    fake.script("endless", text="a" * 200, chunks=200, gap_s=0.1)


def _add_models(base_url: str) -> None:
    for model in MODELS:
        add_offer(
            OperatorOffer(
                provider="house",
                model=model,
                base_url=base_url,
                input_usd=Decimal(1),
                output_usd=Decimal(2),
                context_tokens=8191,
            )
        )


async def test_the_usual_calls(
    node_modules: Path, models: None, place: Place, fake: FakeProvider
) -> None:
    script = node_modules / "usual_calls.mjs"
    script.write_bytes((HERE / script.name).read_bytes())

    said = await run(
        "node", str(script), place.base_url, place.api_key, cwd=node_modules
    )

    got = json.loads(said)
    assert got["text"] == got["streamed"] == got["seen"] == "Hello there"
    assert got["cost"] > 0
    assert got["streamedUsage"]["cost"] > 0
    assert got["calls"] == [{"name": "weather", "arguments": '{"city": "Oslo"}'}] * 2
    assert got["shaped"] == {"name": "Oslo"}
    assert got["vectors"] == [1536, 1536]
    assert {"house/hello", "maker/small"} <= set(got["models"])
    assert got["errors"] == {
        "unknown": "NotFoundError",
        "empty": "BadRequestError",
        "limited": "RateLimitError",
        "broken": "InternalServerError",
        "stranger": "AuthenticationError",
    }
    await eventually(lambda: fake.aborted("endless") == 1)
