"""Bring what sources say into the catalog without ever harming it.

taking   fetch payloads, refuse what cannot be the source's true answer
stored   read what the database holds, as plain values
diff     picture against stored: a `Diff`, pure
prices   the same for one price list: what opens, closes, or waits for an editor
apply    write a `Diff` in units, with a `ModelChange` for everything
statuses what follows from it: delisted, deprecated, retired
running  one source from its address to the last unit, as a job
report   a `Diff` in words, for a dry run
"""
