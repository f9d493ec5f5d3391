"""The warehouse: PostgreSQL with what downstream systems read, and what the runs report."""
