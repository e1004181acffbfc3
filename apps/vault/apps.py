"""Vault: customers' own provider keys, sealed."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "apps.vault"
