"""What `./run` starts: one supervisor over everything the product needs.

Postgres, Valkey and a small model come as wheels; the web process, the worker and
the beat are the product's own. Read `__main__`, then `product`, `stack`, `supervisor`.
"""
