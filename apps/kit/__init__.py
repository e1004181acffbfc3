"""Tools that know no Django: money, errors, clock, ids, HTTP."""
