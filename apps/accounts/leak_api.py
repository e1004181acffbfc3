"""Where secret scanning reports keys of ours that it found in public."""

from typing import IO, Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.leaks import answer_report, read_report
from apps.kit.errors import PayloadTooLargeError

MOST_BYTES: Final = 1024 * 1024


class RawParser(BaseParser):
    """The bytes as they came: they are what is signed."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> Any:
        body: bytes = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise PayloadTooLargeError(f"A report may have {MOST_BYTES} bytes at most.")
        return body


class VerdictSerializer(serializers.Serializer[Any]):
    """Whether a reported token was a key of ours."""

    token_hash = serializers.CharField(help_text="SHA-256 of the token, in hex.")
    token_type = serializers.CharField()
    label = serializers.ChoiceField(choices=["true_positive", "false_positive"])  # type: ignore[assignment]  # a field of ours, as the protocol calls it


class SecretScanningView(APIView):
    """`/api/v1/secret-scanning/github`: open to all, believed when it is signed."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="report_leaked_keys",
        request=None,
        responses=VerdictSerializer(many=True),
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Revoke the reported keys, mail their owners, and answer the labels."""
        body: Any = request.data
        leaks = read_report(
            body if isinstance(body, bytes) else b"",
            identifier=request.headers.get("Github-Public-Key-Identifier", ""),
            signature=request.headers.get("Github-Public-Key-Signature", ""),
        )
        return Response(answer_report(leaks))
