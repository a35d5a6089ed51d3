"""The command line: `hedgerow`. Each group of commands has a file; what is heavy is imported when used."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from hedgerow.cli.app import app

    app(prog_name="hedgerow")
