"""The kinds of notification a person may refuse; other mail is part of the product."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    # Every mail of `apps.alerts`, whatever it is about; the others are its kinds.
    ALERTS = "alerts"
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
    CHANNEL = "channel"
    DIGEST = "digest"


# What each is called where somebody reads it, at the end of "You get no more …".
LABELS: Final = {
    Kind.ALERTS: "alerts by e-mail",
    Kind.OPPORTUNITY: "mails about opportunities",
    Kind.PRICE_CHANGE: "mails about price changes",
    Kind.DEPRECATION: "mails about models that end",
    Kind.NEW_MODEL: "mails about new models",
    Kind.TRUST_CHANGE: "mails about changes of trust",
    Kind.PROVIDER_INCIDENT: "mails about incidents of providers",
    Kind.BUDGET: "budget warnings",
    Kind.PLAN_LIMIT: "mails about limits of the plan",
    Kind.JOB: "mails about jobs and the age of data",
    Kind.CANARY: "mails about switches and canaries",
    Kind.CHECK_DONE: "mails about sanity checks",
    Kind.SAVINGS: "savings statements",
    Kind.CUSTOM_RULE: "mails of your own rules",
    Kind.CHANNEL: "mails about failing channels",
    Kind.DIGEST: "weekly digests",
}
