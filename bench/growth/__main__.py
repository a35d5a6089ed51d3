"""`python -m bench.growth`."""

from bench.growth.report import main

main()
