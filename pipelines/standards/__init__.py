"""Data elements, rules and code tables: what a column means, whoever delivers it."""
