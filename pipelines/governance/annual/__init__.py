"""Draft of the yearly report (年度报告): its content out of facts, as docx and as PDF. Pure."""
