"""Data that comparisons look things up in, and the scripts that made them."""
