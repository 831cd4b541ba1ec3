"""The versions of PostgreSQL that there are embedded; imports nothing."""

EMBEDDED = (16, 18)
