"""Tools of the Responses protocol, in the chat's shape."""

from typing import Any, Final

type Tool = dict[str, Any]
# The one argument of a tool that takes free text, where all tools take objects.
INPUT: Final = "input"


def tools_of(tools: list[Tool], lost: list[str]) -> list[Tool]:
    """The caller's own tools; those that run at OpenAI are for OpenAI."""
    found = []
    for tool in tools:
        if tool.get("type") == "function" and isinstance(tool.get("name"), str):
            found.append(_function(tool))
        elif tool.get("type") == "custom" and isinstance(tool.get("name"), str):
            found.append(_custom(tool))
        else:
            lost.append(f"dropped:tools.{tool.get('type')}")
    return found


def _function(tool: Tool) -> Tool:
    names = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _custom(tool: Tool) -> Tool:
    schema = {
        "type": "object",
        "properties": {INPUT: {"type": "string"}},
        "required": [INPUT],
        "additionalProperties": False,
    }
    function = {"name": tool["name"], "parameters": schema}
    described = str(tool.get("description") or "")
    shape = tool.get("format")
    if isinstance(shape, dict) and shape.get("definition"):
        # Nobody else holds a model to a grammar; it is told of it instead.
        described = (
            f"{described}\nThe input follows this grammar:\n{shape['definition']}"
        )
    if described:
        function["description"] = described.strip()
    return {"type": "function", "function": function}


def custom_names(tools: object) -> frozenset[str]:
    """The tools that take free text."""
    found = tools if isinstance(tools, list) else []
    return frozenset(
        str(tool.get("name"))
        for tool in found
        if isinstance(tool, dict) and tool.get("type") == "custom"
    )


def choice_of(choice: str | Tool | None, tools: list[Tool]) -> dict[str, Any]:
    """The tool choice, as far as it speaks of tools that are there."""
    if choice is None or not tools:
        return {}
    if isinstance(choice, str):
        return {"tool_choice": choice}
    if choice.get("type") == "allowed_tools":
        return {"tool_choice": str(choice.get("mode") or "auto")}
    name = choice.get("name")
    if any(tool["function"]["name"] == name for tool in tools):
        return {"tool_choice": {"type": "function", "function": {"name": name}}}
    return {}
