"""The executor: runs models, one process a model version.

Its own process is the agent: it follows the log, starts, watches and stops hosts, and tells routers of
them. It never runs model code; hosts do (`services.executor.host`).
"""
