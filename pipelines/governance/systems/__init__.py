"""Systems of departments: inventory, candidates of zombie systems, integration list."""
