"""`tessera slices`: how a policy cuts the pages of a document, as table and picture; every policy, or two of them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from engine.cli.console import output, print_notice
from engine.cli.desk import Desk, check_picture_path, open_desk, save_picture
from engine.cli.lab import (
    LabChoice,
    compare,
    comparison_line,
    figures_line,
    lab_options,
    page_facts,
    parse_pair,
    print_comparison,
    print_figures,
    side_by_side,
    speed_of,
    write_csv,
)
from engine.cli.options import dpi_option, pages_option, password_option, policy_option, service_options
from engine.documents.types import PageRef
from engine.drawing import draw_slices
from engine.errors import UsageError
from engine.slicing.figures import Figures, all_figures, sorted_figures
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per page, or per policy.")
@lab_options
def command(
    file: str,
    pages: str,
    policy: str,
    password: str | None,
    dpi: float,
    out: Path | None,
    as_json: bool,
    lab: LabChoice,
) -> None:
    """Show how a slicing policy cuts the pages of FILE; with --all, what every policy makes of them."""
    if out is not None:
        check_picture_path(out)
        if lab.all_policies:
            raise UsageError("-o draws one policy, or the two of --compare.", "Leave out --all, or use --csv.")
    with open_desk(file, password, service_options(dpi)) as desk:
        scope = desk.pages(pages)
        if lab.all_policies:
            _show_all(desk, scope, lab, as_json=as_json)
            return
        for page in scope:
            path = None if out is None else _numbered(out, page, alone=len(scope) == 1)
            if lab.compare is not None:
                _show_pair(desk, page, lab, path, as_json=as_json)
            else:
                _show_one(desk, page, policy, path, as_json=as_json)


def _show_one(desk: Desk, page: PageRef, policy: str, path: Path | None, *, as_json: bool) -> None:
    page_plan = plan(policy, page.native)
    if as_json:
        click.echo(plan_to_line(page_plan))
    else:
        _print_plan(page, page_plan)
    if path is not None:
        _save(desk, page, page_plan, path)


def _show_all(desk: Desk, scope: tuple[PageRef, ...], lab: LabChoice, *, as_json: bool) -> None:
    made: list[tuple[PageRef, list[Figures]]] = []
    speeds = speed_of(lab.gflops)
    for each in scope:
        page, facts = page_facts(desk, each, words=lab.words)
        rows = sorted_figures(all_figures(facts, speeds.cpu, gpu=speeds.gpu), lab.sort)
        made.append((page, rows))
        if as_json:
            for row in rows:
                click.echo(figures_line(page, row))
        else:
            print_figures(page, rows, lab.sort)
    if not as_json:
        print_notice(speeds.source)
    if lab.csv is not None:
        write_csv(lab.csv, made)


def _show_pair(desk: Desk, each: PageRef, lab: LabChoice, path: Path | None, *, as_json: bool) -> None:
    page, facts = page_facts(desk, each, words=lab.words)
    pair = compare(facts, parse_pair(lab.compare or ""), speed_of(lab.gflops))
    if as_json:
        click.echo(comparison_line(page, *pair))
    else:
        print_comparison(page, *pair)
    if path is not None:
        save_picture(side_by_side(desk.image(page), page, pair), path)


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
