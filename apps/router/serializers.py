"""What may be sent to `/v1`: the documented contract of requests.

Fields that are not named here pass through to the provider. The gateway parses the
same body again into its own types, so a value is refused by whoever is stricter.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, get_args

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.kit.clock import utc_now
from apps.router import bodies
from apps.router.engine.need import LatencyPref, Priority
from apps.router.models import RoutedRequest
from apps.router.openrouter_serializers import OpenRouterFields, VerbatimField
from apps.router.steps import ID_PATTERN, LONGEST_ID, MOST_STEPS
from apps.router.usage import MODES, UsageFilter

Contract = serializers.Serializer[Any]

PRIORITIES: Final = get_args(Priority)
LATENCIES: Final = get_args(LatencyPref)
ROLES: Final = get_args(bodies.Role)
TASKS: Final = get_args(bodies.Task)
GROUPS: Final = (
    *("hour", "day", "model", "task", "key", "alias", "tag"),
    *("provider", "purpose"),
)
# What is told without being asked for: hours of a month are hundreds of lines.
USUAL_GROUPS: Final = tuple(name for name in GROUPS if name != "hour")
USUAL_DAYS: Final = 30
# A range that is told hour by hour.
MOST_HOURLY_DAYS: Final = 32
# Beyond these, a day more or less is no date any longer.
FIRST_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST_DAY: Final = datetime(2200, 1, 1, tzinfo=UTC)
MOST_DOLLARS: Final = 1_000_000
MOST_TOKENS: Final = 10_000_000


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"type": {"type": "string"}},
                    "required": ["type"],
                    "additionalProperties": True,
                },
            },
        ],
        "nullable": True,
    }
)
class ContentField(serializers.Field[Any, Any, Any, Any]):
    """Text, or a list of typed parts such as text and images."""

    default_error_messages = {
        "kind": "Content must be a string or a list of parts.",
        "part": "Each part must be an object with a `type`.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            return data
        if not isinstance(data, list):
            self.fail("kind")
        if not all(
            isinstance(p, dict) and isinstance(p.get("type"), str) for p in data
        ):
            self.fail("part")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class MessageSerializer(Contract):
    """One message of the conversation, in OpenAI's shape."""

    role = serializers.ChoiceField(choices=ROLES)
    content = ContentField(required=False, allow_null=True)


class CompletionRequestSerializer(OpenRouterFields):
    """The body of `POST /v1/chat/completions`; OpenAI's other fields pass through."""

    messages = serializers.ListField(child=MessageSerializer(), allow_empty=False)
    model = VerbatimField(
        default="auto",
        max_length=200,
        help_text="A model's id, `auto`, `auto:cheap` or `auto:best`.",
    )
    stream = serializers.BooleanField(required=False, allow_null=True)
    stream_options = serializers.DictField(required=False, allow_null=True)
    tools = serializers.ListField(
        child=serializers.DictField(), required=False, allow_null=True
    )
    response_format = serializers.DictField(required=False, allow_null=True)
    n = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=128
    )
    seed = serializers.IntegerField(required=False, allow_null=True)
    max_tokens = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    max_completion_tokens = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    temperature = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=2
    )
    top_p = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1
    )


class ChatRequestSerializer(CompletionRequestSerializer):
    """The body of `POST /v1/chat`: what steers the router, and OpenAI's fields."""

    priority = serializers.ChoiceField(
        choices=PRIORITIES, required=False, allow_null=True
    )
    latency_pref = serializers.ChoiceField(
        choices=LATENCIES, required=False, allow_null=True
    )
    max_cost = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MOST_DOLLARS,
        help_text="The most this request may cost, in US dollars.",
    )
    cache = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text='Whether the answer may come from memory: true, or {"ttl_s": 600}.',
    )
    task = serializers.ChoiceField(choices=TASKS, required=False, allow_null=True)
    quality_floor = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1
    )
    models = serializers.ListField(
        child=VerbatimField(),
        required=False,
        help_text="Only these models may answer.",
    )
    alias = VerbatimField(required=False, allow_null=True)
    session_id = VerbatimField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True)


class AgentStepRequestSerializer(ChatRequestSerializer):
    """The body of `POST /v1/agent-step`: that of `/v1/chat`, and which step it is."""

    run_id = serializers.RegexField(
        ID_PATTERN,
        max_length=LONGEST_ID,
        required=False,
        allow_null=True,
        help_text="Joins the steps of one run; made here when it is left out.",
    )
    step = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MOST_STEPS,
        help_text="Counted here when it is left out.",
    )


@extend_schema_field(OpenApiTypes.STR)
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """A day or a moment (ISO 8601, UTC unless it says otherwise).

    A day that ends a range is part of it.
    """

    default_error_messages = {
        "invalid": "Give a day such as 2026-11-21, or a moment in ISO 8601.",
        "far": "That is too far away.",
    }

    def __init__(self, *, is_end: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._is_end = is_end

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = self._read(str(data))
        except ValueError:
            self.fail("invalid")
        except OverflowError:
            self.fail("far")
        if not FIRST_DAY <= moment <= LAST_DAY:
            self.fail("far")
        return moment

    def _read(self, text: str) -> datetime:
        if len(text) == len("2026-11-21"):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if self._is_end else day
        # A plus sign in a query string arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field(OpenApiTypes.STR)
class GroupsField(serializers.Field[list[str], str, str, Any]):
    """Breakdowns by name, separated by commas."""

    default_error_messages = {"unknown": f"Choose from {', '.join(GROUPS)}."}

    def to_internal_value(self, data: str) -> list[str]:
        groups = [name.strip().removeprefix("by_") for name in data.split(",")]
        if not set(groups) <= set(GROUPS):
            self.fail("unknown")
        return groups

    def to_representation(self, value: list[str]) -> str:
        return ",".join(value)


class UsageQuerySerializer(Contract):
    """The query of `GET /v1/usage`; without a range, the last 30 days."""

    to = MomentField(is_end=True, required=False)
    group_by = GroupsField(required=False)
    mode = serializers.ChoiceField(choices=list(MODES), default="all")
    model = serializers.CharField(max_length=200, required=False)
    provider = serializers.CharField(max_length=100, required=False)
    task = serializers.CharField(max_length=50, required=False)
    key_id = serializers.UUIDField(required=False)
    alias = serializers.CharField(max_length=100, required=False)
    tag = serializers.CharField(max_length=100, required=False)
    purpose = serializers.ChoiceField(
        choices=RoutedRequest.Purpose.values, required=False
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own, so it cannot be declared above.
        return {"from": MomentField(required=False), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        tomorrow = utc_now().date() + timedelta(days=1)
        end = attrs.get("to") or datetime.combine(tomorrow, time(), UTC)
        start = attrs.get("from") or end - timedelta(days=USUAL_DAYS)
        if start > end:
            raise serializers.ValidationError(
                {"to": "The range ends before it begins."}
            )
        groups = attrs.get("group_by", list(USUAL_GROUPS))
        if "hour" in groups and (end - start).days > MOST_HOURLY_DAYS:
            raise serializers.ValidationError(
                {"group_by": f"Hours are told of {MOST_HOURLY_DAYS} days at most."}
            )
        return {**attrs, "from": start, "to": end, "group_by": groups}

    def wanted(self) -> UsageFilter:
        """The filters; what is not given does not filter."""
        data = self.validated_data
        names = ("model", "provider", "task", "key_id", "alias", "tag", "purpose")
        given = {name: data[name] for name in names if name in data}
        return UsageFilter(mode=data["mode"], **given)
