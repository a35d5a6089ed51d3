"""`python -m bench`."""

import asyncio
import sys

from bench.cli import main

try:
    sys.exit(main())
except (KeyboardInterrupt, asyncio.CancelledError):
    sys.exit(130)
