"""What the published tables mean, for people: derived from elements, rules and libraries."""
