"""The serializers and the gateway's own types take and refuse the same bodies."""

import re
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st

from apps.kit.errors import ValidationError
from apps.router.api_urls import urlpatterns
from apps.router.bodies import read_chat
from apps.router.openapi import LINKS
from apps.router.serializers import ChatRequestSerializer

HELLO = [{"role": "user", "content": "Hi"}]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = sorted(ChatRequestSerializer().fields)


def is_taken_by_gateway(body: dict[str, Any]) -> bool:
    try:
        read_chat(body)
    except ValidationError:
        return False
    return True


@given(field=st.sampled_from(FIELDS), value=ANYTHING)
def test_what_the_gateway_takes_the_contract_takes(field: str, value: Any) -> None:
    body = {"messages": HELLO, field: value}

    if is_taken_by_gateway(body):
        assert ChatRequestSerializer(data=body).is_valid()


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "king", "content": "Hi"}]}, "messages"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages"),
    ({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}, "messages"),
    ({"messages": HELLO, "max_cost": -0.01}, "max_cost"),
    ({"messages": HELLO, "max_cost": 10**400}, "max_cost"),
    ({"messages": HELLO, "priority": "nice"}, "priority"),
    ({"messages": HELLO, "latency_pref": "warp"}, "latency_pref"),
    ({"messages": HELLO, "temperature": 2.1}, "temperature"),
    ({"messages": HELLO, "top_p": -1}, "top_p"),
    ({"messages": HELLO, "max_tokens": 0}, "max_tokens"),
    ({"messages": HELLO, "models": "gpt"}, "models"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
def test_the_contract_names_what_it_refuses(body: dict[str, Any], field: str) -> None:
    asked = ChatRequestSerializer(data=body)

    assert not asked.is_valid()
    assert list(asked.errors) == [field]


def test_parts_and_tool_messages_are_taken() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "What?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "tool_call_id": "1", "content": "4"},
    ]
    body = {"messages": messages, "seed": 7, "made_up_field": {}}

    assert ChatRequestSerializer(data=body).is_valid()


def test_the_schema_tells_every_address() -> None:
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # not typed upstream

    told = {path for path in schema["paths"] if path.startswith("/v1/")}
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/v1/{pattern.pattern}")
        for pattern in urlpatterns
        if pattern.name != "v1-nothing"
    }
    assert told == served


def test_each_operation_says_what_it_is_and_how_it_fails() -> None:
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # not typed upstream
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
    ]

    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for name, operation in operations:
        assert operation.get("description"), name
        assert {"401", "429"} <= operation["responses"].keys(), name
        assert operation["security"] == [{"APIKey": []}], name


def test_links_lead_to_operations_that_are_there() -> None:
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # not typed upstream
    operations = {
        operation["operationId"]: operation
        for methods in schema["paths"].values()
        for operation in methods.values()
    }

    for source, target, parameters in LINKS:
        named = {p["name"] for p in operations[target]["parameters"]}
        assert parameters.keys() <= named, (source, target)
        answers = operations[source]["responses"].values()
        assert any(target in answer.get("links", {}) for answer in answers)
