"""Outputs that the policy asks for around the libraries: the resource catalogue."""
