"""The collector: gathers results and decides (fan in)."""
