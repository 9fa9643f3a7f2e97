"""`python -m app [FILES] [--policy P]`: the window. `--worker KIND` is a worker process of a bundle, without any Qt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

WORKER_OPTION = "--worker"


def check_one_place() -> None:
    """Refuse to run with `app` of one installation and `engine` of another."""
    import app
    import engine

    places = {Path(str(package.__file__)).resolve().parent.parent for package in (app, engine)}
    if len(places) > 1:
        listed = " and ".join(str(place) for place in sorted(places))
        sys.exit(f"Tessera's two packages come from different places ({listed}). Install Tessera again.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Dispatch: a worker, or the window."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    check_one_place()
    if given[:1] == [WORKER_OPTION]:
        from engine.service.worker import main as work

        work(given[1:])
        return 0
    from app.startup import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
