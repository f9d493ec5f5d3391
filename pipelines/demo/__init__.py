"""A fictional city with known truth: deterministic, realistic, dirty in every way that we know of.

``generate.generate`` writes the deliveries of the demo sources and the truth behind them;
``api.serve`` answers like the education bureau's interface. Nothing of it describes real people or
organisations: 示范省云州市 does not exist. Only the *format* of its numbers is real. NumPy and
PyArrow are loaded by the modules below, not by this package.
"""
