"""What the OpenAPI schema tells beside the views: headers of answers, and links.

A link says which part of one answer another request asks for; programs that test or
explore the API follow them.
"""

from decimal import Decimal
from typing import Any, Final

HEADERS: Final = {
    "X-Request-Id": "The request's id, also in every error.",
    "X-ModelOptix-Model": "The model that answered.",
    "X-ModelOptix-Provider": "The provider that served it.",
    "X-ModelOptix-Attempts": "How many offers were tried.",
    "X-ModelOptix-Cost": "US dollars; not there in streams, whose cost comes last.",
    "X-ModelOptix-Overhead-Ms": "Milliseconds spent here, from accepting the call.",
    "X-ModelOptix-Adjusted": "Parameters `dropped:` or `adjusted:` for this model.",
}
_ROUTED: Final = frozenset(
    ("agent_step", "chat", "chat_completions", "embeddings", "messages", "responses")
)
_BY_HEADER: Final = "$response.header.X-Request-Id"
# Operation, then the operation that its answer leads to and what is handed on.
LINKS: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    *((name, "read_request", {"request_id": _BY_HEADER}) for name in sorted(_ROUTED)),
    ("chat", "read_generation", {"id": _BY_HEADER}),
    ("list_models", "get_model", {"model": "$response.body#/data/0/id"}),
    ("responses", "get_response", {"response_id": "$response.body#/id"}),
    ("responses", "list_input_items", {"response_id": "$response.body#/id"}),
    ("responses", "delete_response", {"response_id": "$response.body#/id"}),
    ("list_agent_runs", "read_agent_run", {"run_id": "$response.body#/data/0/run_id"}),
    ("create_alias", "read_alias", {"alias_id": "$response.body#/id"}),
    ("create_budget", "read_budget", {"budget_id": "$response.body#/id"}),
)


def complete(
    result: dict[str, Any], generator: Any, request: Any, public: Any
) -> dict[str, Any]:
    """Add headers and links; drf-spectacular calls it when the schema is drawn up."""
    del generator, request, public
    operations = {
        operation["operationId"]: operation
        for methods in result["paths"].values()
        for operation in methods.values()
    }
    for name in sorted(_ROUTED & operations.keys()):
        _good(operations[name])["headers"] = {
            header: {"description": text, "schema": {"type": "string"}}
            for header, text in HEADERS.items()
        }
    for source, target, parameters in LINKS:
        if source in operations and target in operations:
            links = _good(operations[source]).setdefault("links", {})
            links[target] = {"operationId": target, "parameters": parameters}
    return _plain(result)  # type: ignore[no-any-return]  # a dict stays one


def _plain(value: Any) -> Any:
    """Bounds are written as decimals in the code, and JSON would make texts of them."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _good(operation: dict[str, Any]) -> dict[str, Any]:
    """The response of a call that succeeded."""
    responses: dict[str, dict[str, Any]] = operation["responses"]
    return responses[next(code for code in responses if code.startswith("2"))]
