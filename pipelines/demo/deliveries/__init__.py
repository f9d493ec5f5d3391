"""What each fictional department delivers: which records, columns, dirt and file format."""
