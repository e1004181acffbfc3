"""Single sign-on: an organization's identity provider opens its members' accounts."""

from django.apps import AppConfig


class SSOConfig(AppConfig):
    name = "apps.sso"
