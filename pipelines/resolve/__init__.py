"""Which records are the same entity: rules, evidence against, ids that last, and why."""
