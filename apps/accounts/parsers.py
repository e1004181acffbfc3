"""How bodies come in on Django's side of the API."""

from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from apps.accounts.errors import UnsupportedMediaTypeError
from apps.kit.strict_json import parse_object


class StrictJSONParser(BaseParser):
    """JSON objects with every hostile shape refused by name."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> dict[str, Any]:
        encoding = parser_context["request"].headers.get("Content-Encoding", "")
        if encoding not in {"", "identity"}:
            raise UnsupportedMediaTypeError("Send the body without Content-Encoding.")
        most = settings.REQUEST_MAX_BYTES
        return parse_object(stream.read(most + 1), max_bytes=most)


class AnyAsJSONParser(StrictJSONParser):
    """The same for a caller who forgot the content type, as `curl -d` does."""

    media_type = "*/*"
