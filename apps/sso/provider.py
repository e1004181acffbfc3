"""The providers that allauth finds in this app."""

from apps.sso.oidc.provider import OIDCProvider
from apps.sso.saml.provider import OrganizationSAMLProvider

provider_classes = [OIDCProvider, OrganizationSAMLProvider]
