"""What the settings of single sign-on ask for."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from apps.kit.sealing import Secret
from apps.sso.discovery import check_issuer, fetch_metadata, read_metadata
from apps.sso.models import ROLES, Connection
from apps.sso.services import Wanted

DOMAIN: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
ROLE_HELP: Final = "What people may do who come in for the first time."


class EntryForm(forms.Form):
    """An address at work, of which only the domain counts."""

    email = forms.EmailField(
        label="Your e-mail address at work",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class DomainForm(forms.Form):
    """A domain that the organization's addresses end in."""

    name = forms.CharField(
        max_length=253, label="Domain", help_text="Such as example.com."
    )

    def clean_name(self) -> str:
        text = str(self.cleaned_data["name"]).strip().rstrip(".").lower()
        try:
            name = text.encode("idna").decode()
        except UnicodeError:
            name = ""
        if not DOMAIN.fullmatch(name):
            raise ValidationError("This is no domain.")
        return name


class OIDCForm(forms.Form):
    """A provider that speaks OpenID Connect, read and checked before it is kept."""

    issuer = forms.CharField(
        max_length=500,
        label="Issuer",
        help_text="The URL your provider calls its issuer, such as"
        " https://login.example.com.",
    )
    client_id = forms.CharField(max_length=191, label="Client ID")
    client_secret = forms.CharField(
        max_length=1000,
        required=False,
        label="Client secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    default_role = forms.ChoiceField(
        choices=ROLES,
        initial="member",
        label="Role of new members",
        help_text=ROLE_HELP,
    )

    def __init__(self, *args: Any, known: Connection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_secret = known is not None and known.kind == Connection.Kind.OIDC
        self.fields["client_secret"].required = not self._has_secret
        if self._has_secret:
            self.fields["client_secret"].help_text = "Leave it empty to keep it."
        if known is not None and self._has_secret:
            self.initial = {
                "issuer": known.issuer,
                "client_id": known.client_id,
                "default_role": known.default_role,
            }

    def clean_issuer(self) -> str:
        issuer = str(self.cleaned_data["issuer"])
        check_issuer(issuer)
        return issuer

    def wanted(self) -> Wanted:
        data = self.cleaned_data
        text = data["client_secret"]
        return Wanted(
            kind=Connection.Kind.OIDC,
            issuer=data["issuer"],
            client_id=data["client_id"],
            client_secret=Secret(text) if text else None,
            default_role=data["default_role"],
        )


class SAMLForm(forms.Form):
    """A provider that speaks SAML: its metadata says all there is to know."""

    metadata_url = forms.URLField(
        max_length=500, required=False, label="Metadata URL", assume_scheme="https"
    )
    metadata = forms.CharField(
        max_length=500_000,
        required=False,
        label="Or the metadata itself",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="The XML file, where it has no URL.",
    )
    default_role = forms.ChoiceField(
        choices=ROLES,
        initial="member",
        label="Role of new members",
        help_text=ROLE_HELP,
    )

    def __init__(self, *args: Any, known: Connection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known is not None:
            self.initial = {"default_role": known.default_role}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        url, text = data.get("metadata_url") or "", data.get("metadata") or ""
        if bool(url) == bool(text):
            raise ValidationError("Give either the URL or the metadata itself.")
        self.facts = read_metadata(fetch_metadata(url) if url else text.encode())
        return data

    def wanted(self) -> Wanted:
        return Wanted(
            kind=Connection.Kind.SAML,
            issuer=self.facts.entity_id,
            sso_url=self.facts.sso_url,
            certificate=self.facts.certificate,
            default_role=self.cleaned_data["default_role"],
        )
