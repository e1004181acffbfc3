"""Reconciling the ledger with a provider's own bill: pure reading and comparing."""
