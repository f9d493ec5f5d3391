"""One page for the leaders of the city, as HTML and as PDF."""
