"""Break the jobs in every way a machine can, and count what went wrong: nothing."""
