"""`tessera slices`: how a policy cuts the pages of a document, as a table and a picture."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from engine.cli.console import output
from engine.cli.desk import Desk, check_picture_path, open_desk, save_picture
from engine.cli.options import dpi_option, pages_option, password_option, policy_option, service_options
from engine.documents.types import PageRef
from engine.drawing import draw_slices
from engine.slicing.plan import SlicePlan, ViewKind
from engine.slicing.policies import plan
from engine.slicing.serialize import plan_to_line


@click.command("slices")
@click.argument("file")
@pages_option
@policy_option
@password_option
@dpi_option
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the page with its slices to this PNG.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per page.")
def command(
    file: str, pages: str, policy: str, password: str | None, dpi: float, out: Path | None, as_json: bool
) -> None:
    """Show how a slicing policy cuts the pages of FILE."""
    if out is not None:
        check_picture_path(out)
    with open_desk(file, password, service_options(dpi)) as desk:
        scope = desk.pages(pages)
        for page in scope:
            page_plan = plan(policy, page.native)
            if as_json:
                click.echo(plan_to_line(page_plan))
            else:
                _print_plan(page, page_plan)
            if out is not None:
                _save(desk, page, page_plan, _numbered(out, page, alone=len(scope) == 1))


def _save(desk: Desk, page: PageRef, page_plan: SlicePlan, path: Path) -> None:
    save_picture(draw_slices(desk.image(page), page_plan, page, None), path)


def _numbered(out: Path, page: PageRef, *, alone: bool) -> Path:
    """`out` for a single page, `out` with the page's number before the suffix for several."""
    return out if alone else out.with_stem(f"{out.stem}-{page.index + 1}")


def _print_plan(page: PageRef, page_plan: SlicePlan) -> None:
    grid = page_plan.grid
    sliced = f"{grid.cols} x {grid.rows} slices" if grid.cols else "not sliced"
    table = Table(
        title=f"Page {page.index + 1} · {page.native} px · {page_plan.policy} · {sliced}", title_justify="left"
    )
    for heading in ("view", "row", "col", "source px", "resized px", "tokens", "positions"):
        table.add_column(heading, justify="left" if heading == "view" else "right")
    for view in page_plan.views:
        is_slice = view.kind is ViewKind.SLICE
        table.add_row(
            view.kind.value,
            str(view.row + 1) if is_slice and view.row is not None else "",
            str(view.col + 1) if is_slice and view.col is not None else "",
            f"{view.rect.width:.0f} x {view.rect.height:.0f}",
            str(view.size),
            str(view.tokens),
            f"{view.span[0]}-{view.span[1]}",
        )
    output().print(table)
    output().print(f"{page_plan.tokens} visual tokens, {page_plan.sequence} positions in the sequence")
