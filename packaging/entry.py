"""What the bundle runs: a worker process, the window, or the command line, told apart by the first argument."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> None:
    """`--worker KIND ...` before any Qt import, `--window [FILES]`, and everything else to the command line."""
    # Shared memory starts its tracker as `sys.executable -c ...`, which in a bundle is this program.
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["--window"]:
        from app.__main__ import main as show_window

        sys.exit(show_window(sys.argv[2:]))
    # The command line dispatches workers itself.
    from engine.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
