"""What the exchange platform and the sharing site are given (共享对接). Pure."""
