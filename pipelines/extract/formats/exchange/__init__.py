"""Forms in which older systems exchange records: XML, dBase, text of fixed width."""
