"""What logins other than the web's may do with the tables of alerts."""

from typing import Final

ALERTS_POLICIES: Final[dict[str, set[str]]] = {
    "alerts_alert": {"jobs_delete", "jobs_select"},
    "alerts_attempt": {"jobs_delete", "jobs_select"},
    "alerts_channel": {"jobs_select", "jobs_update"},
    "alerts_delivery": {"jobs_delete", "jobs_select"},
    "alerts_notice": {"jobs_delete", "jobs_select"},
    "alerts_parcel": {"jobs_delete", "jobs_select"},
    "alerts_personal": {"jobs_select"},
    "alerts_preference": {"jobs_select"},
    "alerts_rule": {"jobs_select"},
}
