"""What a sample of data shows of itself: where its records are, and where its columns begin."""
