"""How the lab says what a policy does: views, words and pictures in short sentences."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.lab.feeding import WordFeed
from app.wording import percent
from engine.geometry import Size
from engine.slicing.figures import Figures, column_of
from engine.slicing.plan import SlicePlan, View, ViewKind
from engine.slicing.quality import LEGIBLE_PX

CONTEXT = "Lab"
RESAMPLED = "Resampled here from the page's pixels; a model's own filter may give other shades."


def tr(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


def size_text(size: Size) -> str:
    return tr("{width} × {height} px").format(width=size.width, height=size.height)


def view_name(plan: SlicePlan, view: View) -> str:
    """The slice by its number in the grid; the overview by name."""
    if view.kind is ViewKind.OVERVIEW or view.row is None or view.col is None:
        return tr("overview") if plan.slices else tr("whole page")
    return tr("slice {number}").format(number=view.row * plan.grid.cols + view.col)


def view_line(plan: SlicePlan, view: View) -> str:
    """A view in a list."""
    return tr("{name} · {size} · {tokens} tokens").format(
        name=view_name(plan, view), size=size_text(view.size), tokens=view.tokens
    )


def view_detail(plan: SlicePlan, view: View) -> str:
    """Where a view's pixels come from and what happened to them."""
    if view.rect.area == 0:
        return tr("{name}: nothing of the page, padding alone.").format(name=view_name(plan, view))
    across, down = view.scale
    source = size_text(Size(round(view.rect.width), round(view.rect.height)))
    parts = [
        tr("{name}: {source} of the page").format(name=view_name(plan, view), source=source),
        tr("to {size}, {across} across and {down} down").format(
            size=size_text(view.size), across=percent(across), down=percent(down)
        ),
    ]
    if view.padding > 0:
        parts.append(tr("{share} padding, shown grey").format(share=percent(view.padding)))
    return ", ".join(parts) + ". " + tr(RESAMPLED)


def pair_line(row: Figures | None) -> str:
    """A policy on this page in one line."""
    if row is None:
        return ""
    if row.plan is None:
        return str(row.refused) if row.refused is not None else ""
    parts = [tr("{grid} slices") if row.plan.slices else tr("not sliced"), tr("{tokens} tokens")]
    if row.quality is not None and row.quality.words is not None:
        parts.append(tr("{cut} words cut"))
        if row.quality.words.illegible is not None:
            parts.append(tr("{illegible} illegible"))
    figures = {key: column_of(key).text(row) for key in ("grid", "tokens", "cut", "illegible")}
    return " · ".join(parts).format(**(figures | {"grid": figures["grid"].replace("x", " × ")}))


def word_line(row: Figures | None, feeds: Sequence[WordFeed]) -> str:
    """What becomes of the word that was clicked."""
    if row is None or row.plan is None:
        return tr("no slices on this page")
    if not feeds:
        return tr("left out: no view shows it")
    least = min(feed.text_px for feed in feeds)
    height = tr("{height:.1f} px high").format(height=least)
    bound = tr("legible") if all(feed.legible for feed in feeds) else tr("not over {bound:.0f} px")
    where = ", ".join(view_name(row.plan, feed.view) for feed in feeds)
    cut = tr("cut into {count} parts · ").format(count=len(feeds)) if len(feeds) > 1 else ""
    return tr("{cut}{height}, {bound} · {where}").format(
        cut=cut, height=height, bound=bound.format(bound=LEGIBLE_PX), where=where
    )
