"""The process itself: worker pool, scratch folder, interrupts, garbage collection.

Here: what any program of this kind needs and the domain knows nothing of. Imports ``errors`` only.
"""
