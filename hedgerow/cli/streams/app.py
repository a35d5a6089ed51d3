"""The commands of `hedgerow stream`."""

import typer

from hedgerow.cli.streams import lag, scores, send

app = typer.Typer(
    no_args_is_help=True, help="Send records into streams, read their scores, see what waits."
)
app.command("send")(send.send)
app.command("scores")(scores.scores)
app.command("lag")(lag.lag)
