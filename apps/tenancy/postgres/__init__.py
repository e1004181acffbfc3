"""Django's PostgreSQL backend with the organization stamped on every transaction."""
