"""What the policy asks around the libraries, derived from contracts, libraries and measured facts.

Pure: nothing here reads the lake or the warehouse; flows hand in what was measured. May import
contracts, libraries, standards and what is below them.
"""
