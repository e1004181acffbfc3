"""Measure the router beside the least that a Python gateway can cost."""
