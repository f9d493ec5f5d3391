"""Sharing with others: requests, onboarding of platforms, packages for lower levels."""
