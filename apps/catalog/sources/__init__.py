"""One adapter per source: what it says, in the seed's words. All of them are pure."""
