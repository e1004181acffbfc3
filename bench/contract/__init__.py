"""The API against its own schema: what it promises, it keeps, whatever it is sent."""
