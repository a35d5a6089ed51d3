"""The commands of `hedgerow models`."""

import typer

from hedgerow.cli.models import aliases, listing, promote, pull, push, retire, show, tag, watch

app = typer.Typer(no_args_is_help=True, help="Push, promote, list, watch and retire models.")
app.command("push")(push.push)
app.command("list")(listing.list_models)
app.command("show")(show.show)
app.command("promote")(promote.promote)
app.command("rollback")(promote.rollback)
app.command("aliases")(aliases.aliases)
app.command("unalias")(promote.unalias)
app.command("tag")(tag.tag)
app.command("pull")(pull.pull)
app.command("retry")(retire.retry)
app.command("retire")(retire.retire)
app.command("delete")(retire.delete)
app.command("watch")(watch.watch)
