"""`./run bench limits`: what limits promise, tried on four real web processes."""
