"""What the dialog of models says of one: its facts before a download, how far it is, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.downloads import Download
from app.machine import Advice, option_in, option_text
from app.model_words import memory_by_precision, size_text, title_of, tr
from engine.models.catalogue import CatalogueModel, entry
from engine.models.types import ModelFolder


class Step(StrEnum):
    """What a button of the dialog does."""

    LOOK_UP = "look-up"
    DOWNLOAD = "download"
    CANCEL = "cancel"
    USE = "use"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`rows` are (label, value); `state` is one line. `progress` is 0–1, None where nothing is under way and -1 where
    nobody knows how far. `steps` are (what, label), the first being what is usually wanted."""

    name: str
    title: str
    rows: tuple[tuple[str, str], ...]
    state: str
    serious: bool = False
    progress: float | None = None
    steps: tuple[tuple[Step, str], ...] = ()


def names_to_list(models: tuple[ModelFolder, ...], catalogued: tuple[CatalogueModel, ...]) -> tuple[str, ...]:
    """Hub ids and paths: the catalogue in its order, then models on this machine that it does not know."""
    known = tuple(model.id for model in catalogued)
    return known + tuple(model.name for model in models if model.name not in known)


def facts_of(
    name: str, folder: ModelFolder | None, download: Download, busy: str, advice: Advice | None = None
) -> ModelFacts:
    """The facts of one model. `folder` is where it lies on this machine, if it does; `busy` names the model that is
    being fetched now; `advice` is what this machine can run it in, once that is known."""
    known = entry(name)
    rows = _rows(name, known, folder, download, advice)
    if download.running or download.asking:
        return _under_way(name, rows, download)
    if folder is not None and not (folder.problem and download.listing is not None):
        return _installed(name, rows, folder)
    return _offered(name, rows, download, busy)


def _rows(
    name: str, known: CatalogueModel | None, folder: ModelFolder | None, download: Download, advice: Advice | None
) -> tuple[tuple[str, str], ...]:
    listing = download.listing
    licence = (listing.licence if listing is not None else None) or (folder.licence if folder is not None else None)
    licence = licence or (known.licence if known is not None else None)
    parameters = listing.parameters if listing is not None else None
    memory = [
        (tr("Memory in {precision}").format(precision=precision), text)
        for precision, text in (_advised(advice) if advice is not None else memory_by_precision(known, parameters))
    ]
    local = folder is not None and folder.imported
    return (
        (tr("Folder") if local else tr("On the hub"), name),
        (tr("Licence"), licence or (tr("not known") if local else tr("the hub says when it is looked up"))),
        (tr("Size"), _size(known, folder, download)),
        *memory,
    )


def _advised(advice: Advice) -> tuple[tuple[str, str], ...]:
    """For each precision, what a model takes of this machine with a page, or what is in the way."""
    names = dict.fromkeys(option.precision.value for option in advice.options)
    options = [option for name in names if (option := option_in(advice, name)) is not None]
    return tuple((option.precision.value, option_text(advice, option)) for option in options)


def _size(known: CatalogueModel | None, folder: ModelFolder | None, download: Download) -> str:
    if folder is not None and not folder.problem:
        return tr("{size} on this machine").format(size=size_text(folder.size_bytes))
    if download.listing is not None:
        size = size_text(download.listing.size_bytes)
        return tr("{size} in {number} files").format(size=size, number=len(download.listing.files))
    if known is not None and known.download_bytes is not None:
        return tr("about {size}").format(size=size_text(known.download_bytes))
    return tr("the hub says when it is looked up")


def _under_way(name: str, rows: tuple[tuple[str, str], ...], download: Download) -> ModelFacts:
    cancel = ((Step.CANCEL, tr("Cancel")),)
    if download.asking or not download.total_bytes:
        return ModelFacts(name, title_of(name), rows, tr("Asking the hub …"), progress=-1, steps=cancel)
    state = tr("{done} of {total} · {file}").format(
        done=size_text(download.done_bytes), total=size_text(download.total_bytes), file=download.file
    )
    share = min(download.done_bytes / download.total_bytes, 1.0)
    return ModelFacts(name, title_of(name), rows, state.removesuffix(" · "), progress=share, steps=cancel)


def _installed(name: str, rows: tuple[tuple[str, str], ...], folder: ModelFolder) -> ModelFacts:
    remove = tr("Take off the list") if folder.imported else tr("Remove")
    if folder.problem:
        again = () if folder.imported else ((Step.LOOK_UP, tr("Get it again …")),)
        return ModelFacts(
            name, title_of(name), rows, folder.problem, serious=True, steps=(*again, (Step.REMOVE, remove))
        )
    state = tr("Your own folder; it is read where it lies.") if folder.imported else tr("Installed.")
    return ModelFacts(name, title_of(name), rows, state, steps=((Step.USE, tr("Use it")), (Step.REMOVE, remove)))


def _offered(name: str, rows: tuple[tuple[str, str], ...], download: Download, busy: str) -> ModelFacts:
    listing = download.listing
    step = (Step.LOOK_UP, tr("Look it up on the hub"))
    state = tr("Nothing is fetched before you have seen size and licence.")
    if listing is not None:
        step = (Step.DOWNLOAD, tr("Download {size}").format(size=size_text(listing.size_bytes)))
        state = tr("Needs an account of the hub and its token.") if listing.gated else tr("Ready to download.")
        if listing.here_bytes:
            left = size_text(listing.size_bytes - listing.here_bytes)
            step = (Step.DOWNLOAD, tr("Go on, {left} left").format(left=left))
            state = tr("{here} of {size} are here already.").format(
                here=size_text(listing.here_bytes), size=size_text(listing.size_bytes)
            )
    if download.error is not None:
        return ModelFacts(name, title_of(name), rows, str(download.error), serious=True, steps=(step,))
    if busy:
        state = tr("Wait until {model} is here, or cancel that.").format(model=title_of(busy))
        return ModelFacts(name, title_of(name), rows, state)
    return ModelFacts(name, title_of(name), rows, state, steps=(step,))
