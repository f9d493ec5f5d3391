"""One golden record per entity, with the source record behind each value."""
