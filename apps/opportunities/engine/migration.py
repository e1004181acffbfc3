"""What changes in a request with a switch: each parameter, and code to copy; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.need import Need
from apps.router.engine.parameters import ESSENTIAL, Matrix, Parameter

Action = Literal["keep", "adjust", "drop", "add"]
ORDER: Final = ("adjust", "drop", "add", "keep")
# Anthropic's API refuses a request without it.
ANTHROPIC: Final = "anthropic"
_LIMITS: Final = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter of the request, and what is to be done to it."""

    parameter: str
    action: Action
    why: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    slug: str
    label: str
    code: str


def changes(current: Candidate, candidate: Candidate, need: Need) -> list[Change]:
    """Every parameter in use and every one that is needed now; what changes first."""
    found = [_model(current, candidate, need)]
    found += [_parameter(name, current, candidate) for name in sorted(need.parameters)]
    found += _added(current, candidate, need)
    return sorted(found, key=lambda change: ORDER.index(change.action))


def _model(current: Candidate, candidate: Candidate, need: Need) -> Change:
    if need.is_routed:
        return Change(
            "model", "keep", "your code names the alias, which is pointed anew"
        )
    return Change(
        "model", "adjust", "the new model's id", current.model, candidate.model
    )


def _parameter(name: str, current: Candidate, candidate: Candidate) -> Change:
    matrix = candidate.matrix
    takes = None if matrix is None else matrix.takes(name)
    if matrix is None or takes is None:
        return Change(name, "keep", "not assessed for the new model: try it")
    if not takes:
        why = "the new model does not take it"
        if name in ESSENTIAL:
            why += ", and the answer depends on it"
        return Change(name, "drop", why, name)
    if renamed := _other_name(name, matrix):
        return Change(
            name, "adjust", "the new model has another name for it", name, renamed
        )
    return _within(name, _known(current.matrix, name), _known(matrix, name))


def _other_name(name: str, matrix: Matrix) -> str:
    """`max_tokens` is `max_completion_tokens` at models that think."""
    if name not in _LIMITS or name in matrix.known:
        return ""
    other = _LIMITS[1 - _LIMITS.index(name)]
    return other if other in matrix.known else ""


def _known(matrix: Matrix | None, name: str) -> Parameter:
    found = None if matrix is None else matrix.known.get(name)
    return Parameter() if found is None else found


def _within(name: str, before: Parameter, after: Parameter) -> Change:
    if after.has_limits and _range(after) != _range(before):
        return Change(
            name, "adjust", "another range of values", _range(before), _range(after)
        )
    return Change(name, "keep", "taken as it is")


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return ""
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"


def _added(current: Candidate, candidate: Candidate, need: Need) -> Iterator[Change]:
    if candidate.protocol == ANTHROPIC and not set(_LIMITS) & set(need.parameters):
        yield Change("max_tokens", "add", "the new model's API needs it", "", "1024")
    matrix = candidate.matrix
    is_new = candidate.has_reasoning and not current.has_reasoning
    is_new = is_new and "reasoning_effort" not in need.parameters
    if is_new and matrix is not None and matrix.takes("reasoning_effort"):
        yield Change(
            "reasoning_effort",
            "add",
            "it thinks before it answers: hold that down, and compare",
            "",
            "low",
        )


def snippets(candidate: Candidate, *, base_url: str, alias: str = "") -> list[Snippet]:
    """Code that calls the candidate through the router; an alias calls itself."""
    model = alias or candidate.model
    values = {"url": base_url.rstrip("/"), "model": model}
    return [Snippet(slug, label, code.format(**values)) for slug, label, code in _CODE]


_CODE: Final = (
    (
        "curl",
        "curl",
        """\
curl {url}/v1/chat/completions \\
  -H "Authorization: Bearer $MODELOPTIX_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'""",
    ),
    (
        "openai",
        "OpenAI SDK, Python",
        """\
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key=os.environ["MODELOPTIX_API_KEY"])
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello"}}],
)""",
    ),
    (
        "anthropic",
        "Anthropic SDK, Python",
        """\
from anthropic import Anthropic

client = Anthropic(base_url="{url}", api_key=os.environ["MODELOPTIX_API_KEY"])
answer = client.messages.create(
    model="{model}",
    max_tokens=1024,
    messages=[{{"role": "user", "content": "Hello"}}],
)""",
    ),
)
