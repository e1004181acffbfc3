"""Reads of the catalog's pages, one module a page."""
