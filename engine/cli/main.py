"""The entry of `tessera`: its commands by name, and the border where every error becomes one line and an exit code."""

from __future__ import annotations

import difflib
import importlib
import logging
import sys
from collections.abc import Sequence

import click

from engine import __version__
from engine.cli.console import print_error
from engine.errors import CancelledError, ExitCode, TesseraError, internal_error
from engine.paths import log_dir, make_private

COMMANDS = {
    "ask": "engine.cli.ask",
    "slices": "engine.cli.slices",
    "plan": "engine.cli.plan",
    "batch": "engine.cli.batch",
    "open": "engine.cli.open_window",
    "bench": "engine.cli.bench",
    "models": "engine.cli.models",
    "cache": "engine.cli.cache",
    "train": "engine.cli.train",
    "synth": "engine.cli.synth",
    "doctor": "engine.cli.doctor",
}

KEPT = "What was answered so far is kept."

logger = logging.getLogger("tessera")


class LazyGroup(click.Group):
    """Commands are imported when they are used, so that `tessera plan` does not pay for OCR."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = importlib.import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.command is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" There are {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tessera")
def cli() -> None:
    """Ask PDFs and screenshots, and see which slices of the page the answer came from.

    Everything runs on this machine.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (see engine.errors.ExitCode)."""
    try:
        outcome = cli.main(args=arguments, prog_name="tessera", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return ExitCode.USAGE
    except click.ClickException as error:
        print_error(error.format_message(), "Run it with --help to see how it is used.")
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        print_error("Cancelled.", KEPT)
        return ExitCode.CANCELLED
    except CancelledError as error:
        print_error(error.message, error.hint or KEPT)
        return ExitCode.CANCELLED
    except TesseraError as error:
        print_error(error.info.message, error.info.hint)
        return error.info.exit_code
    except BrokenPipeError:
        # The reader of our output left (`tessera ... | head`): nobody is there to be told.
        sys.stderr.close()
        return ExitCode.OK
    except Exception as error:  # the border of the command line
        logger.exception("a command failed")
        info = internal_error(error)
        print_error(info.message, info.hint)
        return ExitCode.INTERNAL
    return outcome if isinstance(outcome, int) else ExitCode.OK


def main() -> None:
    """The console script."""
    if len(sys.argv) > 1 and sys.argv[1] == "--worker":
        from engine.service.worker import main as worker_main

        worker_main(sys.argv[2:])
        return
    _log_to_file()
    sys.exit(run())


def _log_to_file() -> None:
    """Tracebacks go to the log, never to the terminal."""
    try:
        handler: logging.Handler = logging.FileHandler(make_private(log_dir()) / "tessera.log", delay=True)
    except OSError:
        handler = logging.NullHandler()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s", handlers=[handler]
    )


if __name__ == "__main__":
    main()
