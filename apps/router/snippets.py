"""How programs are connected: one snippet each, ready to run but for the key.

Every snippet reads the key from the environment, so that none holds a secret when it is
copied into a repository.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KEY_VARIABLE: Final = "MODELOPTIX_API_KEY"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to connect; `language` is how the code is checked and called."""

    name: str
    label: str
    language: str  # "python", "javascript", "shell" or "text"
    install: str
    code: str
    note: str = ""


def snippets(site_url: str) -> list[Snippet]:
    """All ways, with this installation's address."""
    return [make(site_url.rstrip("/")) for make in _MAKERS]


def _openai_python(site: str) -> Snippet:
    return Snippet(
        name="openai-python",
        label="OpenAI Python",
        language="python",
        install="pip install openai",
        code=f"""\
import os

from openai import OpenAI

client = OpenAI(base_url="{site}/v1", api_key=os.environ["{KEY_VARIABLE}"])
answer = client.chat.completions.create(
    model="auto",
    messages=[{{"role": "user", "content": "Say hello in one word."}}],
)
print(answer.choices[0].message.content)
""",
    )


def _openai_javascript(site: str) -> Snippet:
    return Snippet(
        name="openai-js",
        label="OpenAI JavaScript",
        language="javascript",
        install="npm install openai",
        code=f"""\
import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{site}/v1",
  apiKey: process.env.{KEY_VARIABLE},
}});
const answer = await client.chat.completions.create({{
  model: "auto",
  messages: [{{ role: "user", content: "Say hello in one word." }}],
}});
console.log(answer.choices[0].message.content);
""",
    )


def _anthropic(site: str) -> Snippet:
    return Snippet(
        name="anthropic",
        label="Anthropic Python",
        language="python",
        install="pip install anthropic",
        code=f"""\
import os

from anthropic import Anthropic

client = Anthropic(base_url="{site}", api_key=os.environ["{KEY_VARIABLE}"])
answer = client.messages.create(
    model="auto",
    max_tokens=200,
    messages=[{{"role": "user", "content": "Say hello in one word."}}],
)
print(answer.content[0].text)
""",
        note="The SDK adds /v1 to the address by itself.",
    )


def _langchain(site: str) -> Snippet:
    return Snippet(
        name="langchain",
        label="LangChain",
        language="python",
        install="pip install langchain-openai",
        code=f"""\
import os

from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    base_url="{site}/v1",
    api_key=os.environ["{KEY_VARIABLE}"],
    model="auto",
)
print(model.invoke("Say hello in one word.").content)
""",
    )


def _llama_index(site: str) -> Snippet:
    return Snippet(
        name="llamaindex",
        label="LlamaIndex",
        language="python",
        install="pip install llama-index-llms-openai-like",
        code=f"""\
import os

from llama_index.llms.openai_like import OpenAILike

llm = OpenAILike(
    api_base="{site}/v1",
    api_key=os.environ["{KEY_VARIABLE}"],
    model="auto",
    is_chat_model=True,
    is_function_calling_model=True,
)
print(llm.complete("Say hello in one word."))
""",
    )


def _vercel(site: str) -> Snippet:
    return Snippet(
        name="ai-sdk",
        label="Vercel AI SDK",
        language="javascript",
        install="npm install ai @ai-sdk/openai-compatible",
        code=f"""\
import {{ createOpenAICompatible }} from "@ai-sdk/openai-compatible";
import {{ generateText }} from "ai";

const modeloptix = createOpenAICompatible({{
  name: "modeloptix",
  baseURL: "{site}/v1",
  apiKey: process.env.{KEY_VARIABLE},
}});
const {{ text }} = await generateText({{
  model: modeloptix("auto"),
  prompt: "Say hello in one word.",
}});
console.log(text);
""",
    )


def _curl(site: str) -> Snippet:
    return Snippet(
        name="curl",
        label="curl",
        language="shell",
        install="",
        code=f"""\
curl {site}/v1/chat/completions \\
  -H "Authorization: Bearer ${KEY_VARIABLE}" \\
  -H "Content-Type: application/json" \\
  -d '{{
    "model": "auto",
    "messages": [{{"role": "user", "content": "Say hello in one word."}}]
  }}'
""",
    )


def _litellm(site: str) -> Snippet:
    return Snippet(
        name="litellm",
        label="LiteLLM",
        language="python",
        install="pip install litellm",
        code=f"""\
import os

from litellm import completion

answer = completion(
    model="openai/auto",
    api_base="{site}/v1",
    api_key=os.environ["{KEY_VARIABLE}"],
    messages=[{{"role": "user", "content": "Say hello in one word."}}],
)
print(answer.choices[0].message.content)
""",
        note="The prefix openai/ names the protocol; what follows is the model.",
    )


def _claude_code(site: str) -> Snippet:
    return Snippet(
        name="claude-code",
        label="Claude Code",
        language="shell",
        install="",
        code=f"""\
export ANTHROPIC_BASE_URL="{site}"
export ANTHROPIC_AUTH_TOKEN="${KEY_VARIABLE}"
export ANTHROPIC_MODEL="auto:best"
export ANTHROPIC_SMALL_FAST_MODEL="auto:cheap"
claude
""",
        note="Name a model or an alias in place of auto:best to decide yourself.",
    )


def _cursor(site: str) -> Snippet:
    return Snippet(
        name="cursor",
        label="Cursor",
        language="text",
        install="",
        code=f"""\
Settings > Models > API Keys
  OpenAI API Key:            your ModelOptix key, then switch it on
  Override OpenAI Base URL:  {site}/v1
Settings > Models > Add model
  auto
""",
        note="Cursor calls this address from its own servers, so it must be reachable "
        "from the Internet.",
    )


_MAKERS: Final[tuple[Callable[[str], Snippet], ...]] = (
    _openai_python,
    _openai_javascript,
    _anthropic,
    _langchain,
    _llama_index,
    _vercel,
    _curl,
    _litellm,
    _claude_code,
    _cursor,
)
