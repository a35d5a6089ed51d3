"""The commands of `hedgerow plan`."""

import typer

from hedgerow.cli.plans import apply, diff, history, rollback, show

app = typer.Typer(no_args_is_help=True, help="Apply plans, show the one in force, go back.")
app.command("apply")(apply.apply)
app.command("show")(show.show)
app.command("history")(history.history)
app.command("diff")(diff.diff)
app.command("rollback")(rollback.rollback)
