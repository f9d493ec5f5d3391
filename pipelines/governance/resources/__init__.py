"""Government information resource catalogue (资源目录): entries, their check, editions, formats."""
