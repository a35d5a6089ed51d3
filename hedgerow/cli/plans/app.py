"""The commands of `hedgerow plan`."""

import typer

from hedgerow.cli.plans import apply, show

app = typer.Typer(no_args_is_help=True, help="Apply a plan, show the one in force.")
app.command("apply")(apply.apply)
app.command("show")(show.show)
