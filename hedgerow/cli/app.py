"""The root of the commands, and what they have in common: exit codes and errors of one line.

0: it worked. 1: it did not, and stderr has one line that says what to do. 2: it was asked wrongly.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import hedgerow
from hedgerow.cli import CANCELLED, demo, state, up
from hedgerow.cli.dead import app as dead
from hedgerow.cli.models import app as models
from hedgerow.cli.output import print_error
from hedgerow.cli.plans import app as plans
from hedgerow.cli.registry import app as registry
from hedgerow.cli.scoring import score
from hedgerow.cli.streams import app as streams
from hedgerow.cli.written import stdout_is_gone
from hedgerow.errors import HedgerowError


class OneLineErrors(TyperGroup):
    """A group that ends the process with an exit code and at most one line on stderr."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command. `standalone_mode`, as in any group: end the process with its exit code."""
        standalone = extra.pop("standalone_mode", True)
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except HedgerowError as error:
            print_error(str(error))
            code = 1
        except BrokenPipeError:
            # Whoever reads our output has enough of it (`| head`); nobody is to hear of it.
            stdout_is_gone()
            code = 1
        except (KeyboardInterrupt, typer.Abort):
            code = CANCELLED
        except Exception as error:
            if not hasattr(error, "format_message"):  # not one of the command line's own
                raise
            code = _usage_error(error)
        if not standalone:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def _usage_error(error: Any) -> int:
    """Say what was asked wrongly. A group that was given no command says what there is."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if message.lstrip().startswith("Usage:") or not message:
        print(message)
    else:
        hint = f" (see `{context.command_path} --help`)" if context else ""
        print_error(message.rstrip(".") + hint)
    return int(error.exit_code)


app = typer.Typer(
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Score records on many models at once, and get one answer in time.",
    epilog="A first look: `hedgerow demo`. A mesh to work with: `hedgerow up`.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"hedgerow {hedgerow.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Score records on many models at once, and get one answer in time."""


app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("score")(score.score)
app.add_typer(streams.app, name="stream")
app.add_typer(dead.app, name="dead")
app.add_typer(models.app, name="models")
app.add_typer(plans.app, name="plan")
app.add_typer(registry.app, name="registry")
app.command("state")(state.state)
