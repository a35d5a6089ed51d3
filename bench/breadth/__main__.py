"""`python -m bench.breadth`."""

from bench.breadth.report import main

main()
