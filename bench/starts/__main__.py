"""`python -m bench.starts`."""

from bench.starts.report import main

main()
