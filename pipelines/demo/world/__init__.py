"""The fictional city without dirt: people, organisations, licences, places, and their numbers."""
