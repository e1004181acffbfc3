"""The editors' side of the catalog in the admin; every change is audited.

Nothing here writes by itself: each page calls the service whose rule it is.
"""

from apps.catalog.admin import facts, overrides, prices, rows

__all__ = ["facts", "overrides", "prices", "rows"]
