"""`python -m bench.sizes`."""

import sys

from bench.sizes.cli import main

sys.exit(main())
