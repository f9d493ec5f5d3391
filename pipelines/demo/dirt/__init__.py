"""What goes wrong with clean values: which are chosen, each kind of dirt, contradictions."""
