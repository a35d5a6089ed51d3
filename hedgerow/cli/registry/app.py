"""The commands of `hedgerow registry`."""

import typer

from hedgerow.cli.registry import backup, restore

app = typer.Typer(no_args_is_help=True, help="Back up what the registry knows, and bring it back.")
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
