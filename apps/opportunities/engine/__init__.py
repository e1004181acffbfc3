"""Which model would serve a use case better, how sure that is and why; pure."""
