"""Requests made up from the schema, one by one and in chains, each answer checked.

schemathesis (https://schemathesis.readthedocs.io) makes them: bodies that fit the
schema, bodies that nearly do, and chains along the schema's links, where what one
answer holds is asked for by the next request.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import checks
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup

from bench.contract.report import Report, code_of

# These would end the run: they take away the key or the organization it runs with.
SUICIDAL: Final = frozenset(
    (
        "cancel_deletion",
        "delete_key",
        "leave_organization",
        "remove_member",
        "request_deletion",
        "revoke_key",
        "rotate_key",
        "transfer_organization",
    )
)
CHECKS: Final = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
)
# A chain of this many requests.
STEPS: Final = 6


@dataclass(frozen=True, slots=True)
class Target:
    """Where the API listens, and what a call to it carries."""

    base_url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Amount:
    """How much to send: examples of each operation and kind, and chains."""

    examples: int
    chains: int
    # The same examples in each run, so that a suite does not fail by chance.
    is_fixed: bool = True

    def settings(self, examples: int) -> hypothesis.settings:
        return hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=self.is_fixed,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
            stateful_step_count=STEPS,
        )


def attack(
    described: dict[str, Any], target: Target, amount: Amount, report: Report
) -> None:
    """Send all of it; what breaks the contract is noted, and nothing is raised."""
    schema = schemathesis.openapi.from_dict(described)
    with requests.Session() as session:
        session.headers.update(target.headers)
        sender = _Sender(target, session, report)
        for operation in _operations(schema):
            for mode in schemathesis.GenerationMode:
                _fuzz(operation, mode, sender, amount)
        _follow_links(schema, sender, amount)


class _Sender:
    """Sends one case and checks its answer."""

    def __init__(
        self, target: Target, session: requests.Session, report: Report
    ) -> None:
        self._target = target
        self._session = session
        self._report = report

    @property
    def call_options(self) -> dict[str, Any]:
        return {"base_url": self._target.base_url, "session": self._session}

    def send(self, case: Any) -> None:
        self.check(case, case.call(**self.call_options))

    def check(self, case: Any, response: Any) -> None:
        label = case.operation.label
        self._report.count(label, response.status_code, _code(response))
        try:
            case.validate_response(response, checks=list(CHECKS))
        except FailureGroup as group:
            for failure in group.exceptions:
                shown = f"{failure}\n{case.as_curl_command()}"
                self._report.fail(label, getattr(failure, "title", "?"), shown)
        except InvalidSchema as problem:
            self._report.fail(label, "a schema that is none", str(problem))


def _code(response: Any) -> str:
    with suppress(ValueError):
        return code_of(response.json())
    return ""


def _operations(schema: Any) -> Iterable[Any]:
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw.get("operationId") not in SUICIDAL:
            yield operation


def _fuzz(operation: Any, mode: Any, sender: _Sender, amount: Amount) -> None:
    @amount.settings(amount.examples)
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        sender.send(case)

    # An operation without parameters has nothing that could be wrong.
    with suppress(hypothesis.errors.Unsatisfiable):
        send()


def _follow_links(schema: Any, sender: _Sender, amount: Amount) -> None:
    for name in SUICIDAL:
        schema = schema.exclude(operation_id=name)

    class Chains(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            del case
            return sender.call_options

        def validate_response(
            self, response: Any, case: Any, additional_checks: Any = (), **_: Any
        ) -> None:
            del additional_checks
            sender.check(case, response)

    # What the API answers is not the same twice (a row is there, or is gone), which
    # ends a run of chains early; what was sent until then was checked all the same.
    with suppress(hypothesis.errors.Flaky):
        run_state_machine_as_test(Chains, settings=amount.settings(amount.chains))
