"""A provider on this machine that answers as it is told, and fails as it is told.

It speaks OpenAI's and Anthropic's protocols over real sockets, so tests and benches
use the real client against it. `python -m apps.providers.fake --port N` starts it
alone; it is then scripted by `POST /_script`.
"""

from apps.providers.fake.connection import Received
from apps.providers.fake.script import Fault, Script, ToolCall
from apps.providers.fake.server import FakeProvider

__all__ = ["FakeProvider", "Fault", "Received", "Script", "ToolCall"]
