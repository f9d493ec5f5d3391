"""Engines that run the expressions: DuckDB here, Spark past one machine."""
