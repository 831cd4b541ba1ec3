"""trunkline applies, verifies, rolls back and rehearses PostgreSQL migrations."""
