"""A model host: one process, one thread, one model version or several that are light.

It reads all that waits, drops what is dead, scores the rest as one batch on its event loop and reports
to the collector. A blocked loop blocks nobody else, and the agent's watch decides when it hangs.
"""
