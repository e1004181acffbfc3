"""`./run bench faults`: everything that can break is broken, and what comes of it.

Case numbers are those of docs/resilience.md.
"""
