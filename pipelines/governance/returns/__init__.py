"""Packages for lower levels (回流, 条例 809 article 24): by region, signed and encrypted."""
