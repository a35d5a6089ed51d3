"""The commands of `hedgerow models`."""

import typer

from hedgerow.cli.models import listing, pull, push

app = typer.Typer(no_args_is_help=True, help="Push, list and pull models.")
app.command("push")(push.push)
app.command("list")(listing.list_models)
app.command("pull")(pull.pull)
