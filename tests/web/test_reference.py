"""The API reference says what the schema says, and loads nothing from elsewhere."""

from django.test import Client

from apps.web.reference import Operation, operations


def named(path: str) -> Operation:
    return next(o for o in operations() if o.path == path and o.method != "DELETE")


def test_the_router_s_endpoints_come_first() -> None:
    assert operations()[0].path.startswith("/v1/")
    assert {o.path for o in operations()} >= {
        "/v1/chat",
        "/v1/chat/completions",
        "/v1/models",
        "/v1/usage",
        "/v1/router/debug",
    }


def test_a_body_s_fields_are_listed_with_their_types() -> None:
    fields = {field.name: field for field in named("/v1/chat").body}

    assert fields["messages"].is_required
    assert fields["priority"].kind == "cheap | balanced | best"
    assert "messages[].role" in fields


def test_an_answer_s_fields_are_listed() -> None:
    names = {field.name for field in named("/v1/chat").answer}

    assert names >= {"output", "cost", "savings_estimate", "tokens.input"}


def test_anyone_can_read_it(db: None, client: Client) -> None:
    page = client.get("/docs/api/")

    assert page.status_code == 200
    assert "POST /v1/chat" in page.text
    assert "<style" not in page.text
    assert 'src="http' not in page.text
