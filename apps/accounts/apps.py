"""Accounts: organizations, people, their roles and keys."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
