"""What holds requests back: rates (GCRA in Valkey), and budgets (leases of Postgres).

`gate.py` is the way in. `rates.py` asks `link.py`'s one connection for all of a
request's limits in one round trip, and counts in this process while Valkey is slow
or gone. `desk.py` leases money from Postgres for many requests at once; `purse.py`
is the arithmetic of such a lease. docs/limits.md explains the design.
"""
