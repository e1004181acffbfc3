"""SAML 2.0: allauth's flow, for what an identity provider sends by POST."""
