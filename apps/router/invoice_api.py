"""The control plane of reconciling, below `/api/v1/`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.accounts.models import User
from apps.catalog.models import Provider
from apps.kit.errors import NotFoundError
from apps.router import invoice_services
from apps.router.invoice_models import Invoice
from apps.router.invoice_queries import Report, kept_invoices, report_of
from apps.router.invoices.formats import Mapping
from apps.router.invoices.parse import MOST_BYTES
from apps.router.serializers import Contract

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)


class ColumnsSerializer(Contract):
    """The columns of a file of no known format."""

    day = serializers.CharField(max_length=100)
    model = serializers.CharField(max_length=100, required=False)
    cost = serializers.CharField(max_length=100, required=False)
    requests = serializers.CharField(max_length=100, required=False)
    input_tokens = serializers.CharField(max_length=100, required=False)
    output_tokens = serializers.CharField(max_length=100, required=False)


class NewInvoiceSerializer(Contract):
    """A provider's bill: the text of its CSV."""

    provider = serializers.CharField(max_length=100)
    csv = serializers.CharField(max_length=MOST_BYTES, trim_whitespace=False)
    file_name = serializers.CharField(max_length=200, default="invoice.csv")
    keys = serializers.ChoiceField(choices=Invoice.Keys.values, default="")
    columns = ColumnsSerializer(required=False)
    keep = serializers.BooleanField(default=False)

    def validate_provider(self, slug: str) -> str:
        if not Provider.objects.filter(slug=slug).exists():
            raise serializers.ValidationError("There is no such provider.")
        return slug


class InvoiceSerializer(Contract):
    """What is known of one upload."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    format = serializers.CharField()
    keys = serializers.CharField()
    file_name = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    is_kept = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    compared_at = serializers.DateTimeField()


class InvoiceListSerializer(Contract):
    data = InvoiceSerializer(many=True)  # type: ignore[assignment]  # a field of ours


class SummarySerializer(Contract):
    """Money in US dollars; the difference is what was billed less what we counted."""

    billed = serializers.FloatField(source="theirs_usd", allow_null=True)
    ledger = serializers.FloatField(source="ours_usd")
    difference = serializers.FloatField(source="difference_usd", allow_null=True)
    difference_share = serializers.FloatField(source="share", allow_null=True)
    only_billed = serializers.FloatField(source="only_theirs_usd")
    only_ledger = serializers.FloatField(source="only_ours_usd")
    own_keys = serializers.FloatField(source="own_usd")
    managed_keys = serializers.FloatField(source="managed_usd")
    estimated_requests = serializers.IntegerField(source="estimated")
    cancelled_requests = serializers.IntegerField(source="cancelled")
    unpriced_requests = serializers.IntegerField(source="unpriced")
    tokens_difference = serializers.IntegerField(allow_null=True)


class ComparedSerializer(Contract):
    """One day of one model."""

    day = serializers.DateField()
    model = serializers.CharField()
    found = serializers.ChoiceField(source="kind", choices=["both", "theirs", "ours"])
    billed = serializers.FloatField(source="theirs_usd", allow_null=True)
    ledger = serializers.FloatField(source="ours.cost_usd")
    difference = serializers.FloatField(source="difference_usd", allow_null=True)
    requests = serializers.IntegerField(source="ours.requests")
    tokens_difference = serializers.IntegerField(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField())


class ReportSerializer(Contract):
    """A bill beside the ledger."""

    invoice = InvoiceSerializer()
    total = SummarySerializer()
    rows = ComparedSerializer(many=True)


class InvoicesView(APIView):
    """`/api/v1/invoices`: list what is kept, and upload."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "budgets:manage"
    actions = {"GET": "invoices.read", "POST": "invoices.manage"}

    @extend_schema(operation_id="list_invoices", responses=InvoiceListSerializer)
    def get(self, request: Request) -> Response:
        """The bills that were reconciled and kept."""
        return Response({"data": InvoiceSerializer(kept_invoices(), many=True).data})

    @extend_schema(
        operation_id="reconcile_invoice",
        request=NewInvoiceSerializer,
        responses={201: ReportSerializer},
    )
    def post(self, request: Request) -> Response:
        """Set a provider's bill beside the ledger; a draft is gone after a day."""
        asked = NewInvoiceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        invoice = invoice_services.upload_invoice(
            _upload(asked.validated_data), by=_person(request)
        )
        if asked.validated_data["keep"]:
            invoice_services.keep_invoice(invoice.id)
        return _answer(invoice.id, status=status.HTTP_201_CREATED)


class InvoiceView(APIView):
    """`/api/v1/invoices/{id}`: read, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "budgets:manage"
    actions = {"GET": "invoices.read", "DELETE": "invoices.manage"}

    @extend_schema(operation_id="read_invoice", responses=ReportSerializer)
    def get(self, request: Request, invoice_id: UUID) -> Response:
        """The report, as it was compared last."""
        return _answer(invoice_id)

    @extend_schema(operation_id="delete_invoice", responses={204: None})
    def delete(self, request: Request, invoice_id: UUID) -> Response:
        """Throw the report away; the ledger is not touched."""
        invoice_services.delete_invoice(invoice_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _upload(data: dict[str, Any]) -> invoice_services.Upload:
    columns = data.get("columns")
    return invoice_services.Upload(
        content=data["csv"].encode(),
        file_name=data["file_name"],
        provider=data["provider"],
        keys=data["keys"],
        mapping=Mapping(**columns) if columns else None,
    )


def _person(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _answer(invoice_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    report: Report | None = report_of(invoice_id)
    if report is None:
        raise NotFoundError("There is no such invoice.")
    return Response(ReportSerializer(report).data, status=status)
