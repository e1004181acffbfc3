"""The API reference, drawn on the server from the same OpenAPI schema that tools read.

The usual viewers load scripts from elsewhere and style elements inline, which our
content security policy forbids for good reasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
METHODS: Final = ("get", "post", "put", "patch", "delete")
REFERENCE: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one property of a body; nested ones carry a dotted name."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    statuses: tuple[tuple[str, str], ...]


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of the API, `/v1` first; drawn up once a process."""
    schema: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped upstream
    found = [
        _operation(schema, path, method, item[method])
        for path, item in schema["paths"].items()
        for method in METHODS
        if method in item
    ]
    return tuple(sorted(found, key=lambda o: (not o.path.startswith("/v1/"), o.path)))


def _operation(schema: Schema, path: str, method: str, item: Schema) -> Operation:
    text = item.get("description", "").strip()
    summary, _, rest = text.partition("\n")
    responses: Schema = item.get("responses", {})
    good: Schema = next(
        (r for code, r in responses.items() if code.startswith("2")), {}
    )
    return Operation(
        anchor=item["operationId"].replace("_", "-"),
        method=method.upper(),
        path=path,
        summary=item.get("summary") or summary,
        description=rest.strip(),
        parameters=tuple(_parameter(p) for p in item.get("parameters", ())),
        body=tuple(_content(schema, item.get("requestBody", {}))),
        answer=tuple(_content(schema, good)),
        statuses=tuple((c, r.get("description", "")) for c, r in responses.items()),
    )


def _parameter(parameter: Schema) -> Field:
    return Field(
        parameter["name"],
        f"{_kind(parameter.get('schema', {}))}, in the {parameter['in']}",
        parameter.get("required", False),
        parameter.get("description", ""),
    )


def _content(schema: Schema, carrier: Schema) -> Iterator[Field]:
    kinds: Schema = carrier.get("content", {})
    chosen: Schema = kinds.get("application/json") or next(iter(kinds.values()), {})
    yield from _fields(schema, chosen.get("schema", {}), prefix="", depth=0)


def _fields(
    schema: Schema, shape: Schema, *, prefix: str, depth: int
) -> Iterator[Field]:
    shape = _resolved(schema, shape)
    if shape.get("type") == "array":
        shape = _resolved(schema, shape.get("items", {}))
    for name, value in shape.get("properties", {}).items():
        inner = _resolved(schema, value)
        yield Field(
            f"{prefix}{name}",
            _kind(inner),
            name in shape.get("required", ()),
            value.get("description") or inner.get("description", ""),
        )
        if depth == 0:
            suffix = "[]." if inner.get("type") == "array" else "."
            yield from _fields(schema, inner, prefix=f"{prefix}{name}{suffix}", depth=1)


def _resolved(schema: Schema, shape: Schema) -> Schema:
    for part in (shape, *shape.get("allOf", ()), *shape.get("oneOf", ())):
        if "$ref" in part:
            name = part["$ref"].removeprefix(REFERENCE)
            return dict(schema["components"]["schemas"][name])
    return shape


def _kind(shape: Schema) -> str:
    """The type in words, with its choices, bounds and format."""
    words = shape.get("format") or shape.get("type") or "any"
    if shape.get("type") == "array":
        words = f"list of {shape.get('items', {}).get('type', 'objects')}"
    if "enum" in shape:
        words = " | ".join(str(choice) for choice in shape["enum"] if choice)
    low, high = shape.get("minimum"), shape.get("maximum")
    if low is not None and high is not None:
        words += f", {low} to {high}"
    elif low is not None:
        words += f", {low} or more"
    return words
