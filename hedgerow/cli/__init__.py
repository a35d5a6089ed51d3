"""The command line: `hedgerow`. Each command has a file; what is heavy is imported when used."""

import sys

CANCELLED = 130
"""The exit code after Ctrl-C, as shells have it."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from hedgerow.cli.app import app

        app(prog_name="hedgerow")
    except KeyboardInterrupt:  # while importing; later the commands' own group sees it
        sys.exit(CANCELLED)
