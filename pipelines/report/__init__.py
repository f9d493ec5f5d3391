"""The quality report: what a data owner reads, and every bad row with its reasons. Pure."""
