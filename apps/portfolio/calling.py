"""How a program calls a use case's alias: one line of the code that is there."""

from apps.router.snippets import KEY_VARIABLE, Snippet


def snippets_for(alias: str, site_url: str) -> list[Snippet]:
    """The command line, and the two SDKs that most programs use."""
    site = site_url.rstrip("/")
    return [
        Snippet("curl", "curl", "shell", "", _curl(alias, site)),
        Snippet(
            "python", "Python", "python", "pip install openai", _python(alias, site)
        ),
        Snippet(
            "javascript",
            "JavaScript",
            "javascript",
            "npm install openai",
            _js(alias, site),
        ),
    ]


def _curl(alias: str, site: str) -> str:
    return f"""\
curl {site}/v1/chat/completions \\
  -H "Authorization: Bearer ${KEY_VARIABLE}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{alias}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
"""


def _python(alias: str, site: str) -> str:
    return f"""\
import os

from openai import OpenAI

client = OpenAI(base_url="{site}/v1", api_key=os.environ["{KEY_VARIABLE}"])
answer = client.chat.completions.create(
    model="{alias}",
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)
"""


def _js(alias: str, site: str) -> str:
    return f"""\
import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{site}/v1",
  apiKey: process.env.{KEY_VARIABLE},
}});
const answer = await client.chat.completions.create({{
  model: "{alias}",
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);
"""
