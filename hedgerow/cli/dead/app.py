"""The commands of `hedgerow dead`."""

import typer

from hedgerow.cli.dead import ending, listing, show

app = typer.Typer(
    no_args_is_help=True, help="See which records could not be scored, replay or drop them."
)
app.command("list")(listing.list_letters)
app.command("show")(show.show)
app.command("replay")(ending.replay)
app.command("drop")(ending.drop)
