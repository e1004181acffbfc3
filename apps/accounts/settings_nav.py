"""The entries of the settings area, in their order; one line a page.

A page of it shows `components/settings_nav.html` under its head. An entry stands for
every page whose URL name it lists, and is left out where the role's policy says no.
"""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from apps.accounts.roles import may


@dataclass(frozen=True)
class Entry:
    """One page of the settings: its URL name, its label, the action it needs."""

    url_name: str
    label: str
    # Empty: everybody's own, such as the profile.
    action: str = ""
    # URL names of the pages below it, which mark it as current too.
    below: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.url_name, *self.below)

    @property
    def path(self) -> str:
        return reverse(self.url_name)


ENTRIES: Final = (
    Entry(
        "accounts:security",
        "Profile & security",
        below=(
            "account_email",
            "account_change_password",
            "account_set_password",
            "socialaccount_connections",
            "usersessions_list",
            "mfa_index",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_edit_webauthn",
            "mfa_remove_webauthn",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
        ),
    ),
    Entry(
        "accounts:organization",
        "Organization",
        "organization.read",
        below=("accounts:leave",),
    ),
    Entry(
        "accounts:members",
        "Members",
        "members.read",
        below=("accounts:invite", "accounts:remove-member", "accounts:transfer"),
    ),
    Entry("accounts:keys", "API keys", "keys.read", below=("accounts:key",)),
    Entry("router:budgets", "Budgets", "budgets.read"),
    Entry(
        "vault:keys",
        "Provider keys",
        "provider_keys.read",
        below=(
            "vault:order",
            "vault:change",
            "vault:replace",
            "vault:test",
            "vault:delete",
        ),
    ),
    Entry("sso:settings", "Single sign-on", "sso.manage"),
    Entry(
        "privacy:settings",
        "Data & privacy",
        "privacy.read",
        below=("privacy:delete-organization",),
    ),
    Entry("accounts:audit", "Audit log", "audit.read"),
)


def entries_for(role: str | None) -> list[Entry]:
    """What a member with this role may open."""
    return [entry for entry in ENTRIES if not entry.action or may(role, entry.action)]
