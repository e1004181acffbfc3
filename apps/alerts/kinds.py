"""What an alert can be about, how grave it is, and by which ways it reaches people."""

from enum import IntEnum, StrEnum
from typing import Final, Self


class Kind(StrEnum):
    OPPORTUNITY = "opportunity"
    PRICE_CHANGE = "price_change"
    DEPRECATION = "deprecation"
    NEW_MODEL = "new_model"
    TRUST_CHANGE = "trust_change"
    PROVIDER_INCIDENT = "provider_incident"
    BUDGET = "budget"
    PLAN_LIMIT = "plan_limit"
    JOB = "job"
    CANARY = "canary"
    CHECK_DONE = "check_done"
    SAVINGS = "savings"
    CUSTOM_RULE = "custom_rule"
    # A channel that was switched off because nothing arrives there any more.
    CHANNEL = "channel"
    DIGEST = "digest"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS: Final = {
    Kind.OPPORTUNITY: "Opportunities",
    Kind.PRICE_CHANGE: "Price changes",
    Kind.DEPRECATION: "Deprecations",
    Kind.NEW_MODEL: "New models",
    Kind.TRUST_CHANGE: "Trust changes",
    Kind.PROVIDER_INCIDENT: "Provider incidents",
    Kind.BUDGET: "Budgets",
    Kind.PLAN_LIMIT: "Plan limits",
    Kind.JOB: "Jobs and data age",
    Kind.CANARY: "Switches and canaries",
    Kind.CHECK_DONE: "Sanity checks",
    Kind.SAVINGS: "Savings statements",
    Kind.CUSTOM_RULE: "Your own rules",
    Kind.CHANNEL: "Failing channels",
    Kind.DIGEST: "Weekly digest",
}
# What each is about, under its name in the matrix.
HELP: Final = {
    Kind.OPPORTUNITY: "A better or cheaper model for one of your use cases",
    Kind.PRICE_CHANGE: "10 % or more, for a model you use",
    Kind.DEPRECATION: "The end of a model you use: 90, 60 and 30 days before",
    Kind.NEW_MODEL: "A new model in a family you use",
    Kind.TRUST_CHANGE: "Tier, data policy or terms of who serves you",
    Kind.PROVIDER_INCIDENT: "Errors our own requests meet at a provider you use",
    Kind.BUDGET: "80 % and 100 % of a budget are spent",
    Kind.PLAN_LIMIT: "80 % and 100 % of what the plan has room for",
    Kind.JOB: "Data is older than it should be, or a job fails",
    Kind.CANARY: "A canary was promoted or rolled back, a switch undone",
    Kind.CHECK_DONE: "A sanity check has its result",
    Kind.SAVINGS: "The monthly statement",
    Kind.CUSTOM_RULE: "Rules that you or your organization made",
    Kind.CHANNEL: "A webhook or chat channel was switched off after failures",
    Kind.DIGEST: "Monday at 09:00, also when all is quiet",
}


class Severity(IntEnum):
    INFO = 0
    WARNING = 1
    URGENT = 2
    CRITICAL = 3

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def label(self) -> str:
        return self.name.capitalize()

    @classmethod
    def named(cls, code: str) -> Self:
        """The severity of this name; ValueError for any other text."""
        try:
            return cls[code.upper()]
        except KeyError:
            raise ValueError(f"{code!r} is no severity") from None


class Cadence(StrEnum):
    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"

    @property
    def label(self) -> str:
        return {
            Cadence.IMMEDIATE: "At once",
            Cadence.DAILY: "Daily, 09:00",
            Cadence.WEEKLY: "Monday, 09:00",
            Cadence.NEVER: "Never",
        }[self]


class Via(StrEnum):
    EMAIL = "email"
    SLACK = "slack"
    DISCORD = "discord"
    WEBHOOK = "webhook"

    @property
    def label(self) -> str:
        return {
            Via.EMAIL: "E-mail",
            Via.SLACK: "Slack",
            Via.DISCORD: "Discord",
            Via.WEBHOOK: "Webhook",
        }[self]


SEVERITIES: Final = [(severity.value, severity.label) for severity in Severity]
KINDS: Final = [(kind.value, kind.label) for kind in Kind]
CADENCES: Final = [(cadence.value, cadence.label) for cadence in Cadence]
VIAS: Final = [(via.value, via.label) for via in Via]
CHANNEL_VIAS: Final = [pair for pair in VIAS if pair[0] != Via.EMAIL]
