"""A model host: one process, one model version, one thread.

It reads all that waits, drops what is dead, scores the rest as one batch on its event loop and reports
to the collector. A blocked loop blocks nobody else, and the agent's watch decides when it hangs.
"""
