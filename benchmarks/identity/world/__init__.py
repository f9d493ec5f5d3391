"""Worlds with known truth: people, firms, what departments keep about them, and errors."""
