"""The hub's side: what it says of a model, which of its files reading needs, and its refusals as one line each.

Imported by the download worker alone, the only process that opens a socket. The endpoint is `HF_ENDPOINT`, else the
public hub.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub import HfApi, ModelInfo, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers

from engine.errors import CheckpointError, DownloadError, TesseraError
from engine.models.catalogue import entry
from engine.models.types import HubFile, HubListing, checked_hub_id

PUBLIC_HUB = "https://huggingface.co"
STALL_S = 8.0
"""No answer for so long is a cut connection. Less than the grace the supervisor gives a cancelled request."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_NEEDED = re.compile(r"[\w.-]+\.(json|jinja)|tokenizer\.model|merges\.txt|vocab\.txt|(LICENSE|LICENCE|NOTICE)[\w.-]*")
_SAFETENSORS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
_PICKLES = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin")
_NOT_NEEDED = re.compile(
    r"(trainer_state|training_args|all_results|train_results|eval_results)\.json|tessera-model\.json|\..*"
)
_INDEXES = {_SAFETENSORS: "model.safetensors.index.json", _PICKLES: "pytorch_model.bin.index.json"}


def describe(model_id: str, revision: str | None = None) -> HubListing:
    """Ask the hub what a pull of `model_id` (at `revision`, else the catalogue's, else the newest) would fetch.

    Raises UsageError, DownloadError, and CheckpointError for a model without weights that Tessera reads.
    """
    known = entry(checked_hub_id(model_id))
    wanted = revision or (known.revision if known is not None else None)
    with hub_errors(model_id):
        info = HfApi(endpoint=_endpoint()).model_info(model_id, revision=wanted, files_metadata=True, timeout=STALL_S)
    if not info.sha or not _SHA1.fullmatch(info.sha):
        raise DownloadError(f"The hub does not say which commit of {model_id} this is.", "Check HF_ENDPOINT.")
    files = _needed_files(model_id, info.siblings or [], pickles=known is not None and known.may_hold_pickles)
    return HubListing(model_id, info.sha, _licence(info), bool(info.gated), _parameters(info), files)


def file_url(model_id: str, revision: str, name: str) -> str:
    return hf_hub_url(model_id, name, revision=revision, endpoint=_endpoint())


def request_headers() -> dict[str, str]:
    """Headers of a download; they carry the user's own token where huggingface_hub knows one."""
    headers: dict[str, str] = build_hf_headers(library_name="tessera")
    return headers


@contextmanager
def hub_errors(model_id: str) -> Iterator[None]:
    """Turns what the hub and the network raise into a DownloadError that says what to do."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise DownloadError(
            "The hub was set offline, so nothing was fetched.", "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE."
        ) from error
    except HfHubHTTPError as error:
        raise refusal(model_id, error.response.status_code, error.response.headers.get("X-Error-Code", "")) from error
    except httpx2.HTTPError as error:
        raise unreachable(error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DownloadError(f"What the hub says of {model_id} cannot be understood ({error}).") from error


def refusal(model_id: str, status: int, code: str = "") -> TesseraError:
    """The error for an HTTP status; `code` is the hub's own word for it (X-Error-Code)."""
    if code == "GatedRepo" or status == 403:
        return DownloadError(
            f"The owner of {model_id} gives it only to those who accept its terms.",
            f"Accept them at {_endpoint() or PUBLIC_HUB}/{model_id}, set HF_TOKEN to your token, and pull again.",
        )
    if status == 401:
        return DownloadError(
            f"The hub does not show {model_id} to everybody: it does not exist, or it is private.",
            "Check the spelling; for a private model set HF_TOKEN to your token.",
        )
    if status == 404:
        return DownloadError(f"The hub has no such model or file: {model_id}.", "Check the spelling of the id.")
    return DownloadError(f"The hub answered {status} for {model_id}.")


def unreachable(error: BaseException | None) -> DownloadError:
    """What to say when no connection can be made or kept; `error` is the network's own reason."""
    reason = f" ({error})" if error is not None and str(error) else ""
    return DownloadError(
        f"The hub at {_endpoint() or PUBLIC_HUB} cannot be reached{reason}.",
        "Check the connection and pull again; what was fetched so far is kept.",
    )


def _endpoint() -> str | None:
    """Read at each call: huggingface_hub itself keeps what it saw when it was imported."""
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


def _licence(info: ModelInfo) -> str | None:
    """The licence's short name from the model card, or the card's own name for one that has none."""
    card = info.card_data
    licence = getattr(card, "license", None)
    if licence == "other":
        licence = getattr(card, "license_name", None) or licence
    return str(licence) if licence else None


def _parameters(info: ModelInfo) -> int | None:
    return info.safetensors.total if info.safetensors is not None else None


def _needed_files(model_id: str, siblings: list[RepoSibling], *, pickles: bool) -> tuple[HubFile, ...]:
    """Configuration, tokenizer, processor and weights, smallest first; never code, never a pickle unless asked for."""
    names = [sibling.rfilename for sibling in siblings]
    kinds = [_SAFETENSORS, _PICKLES] if pickles else [_SAFETENSORS]
    weights = next((kind for kind in kinds if any(kind.fullmatch(name) for name in names)), None)
    if weights is None:
        raise CheckpointError(
            f"{model_id} has no safetensors weights, so Tessera does not fetch it.",
            "Look for the same model as safetensors; pickles are fetched for the published LLaVA-UHD models only.",
        )
    if "config.json" not in names:
        raise CheckpointError(f"{model_id} has no config.json, so it is no model that Tessera reads.")
    unused = set(_INDEXES.values()) - {_INDEXES[weights]}
    wanted = [
        sibling
        for sibling in siblings
        if weights.fullmatch(sibling.rfilename)
        or (
            _NEEDED.fullmatch(sibling.rfilename)
            and sibling.rfilename not in unused
            and not _NOT_NEEDED.fullmatch(sibling.rfilename)
        )
    ]
    return tuple(sorted((_hub_file(model_id, each) for each in wanted), key=lambda file: (file.size_bytes, file.name)))


def _hub_file(model_id: str, sibling: RepoSibling) -> HubFile:
    sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
    git_sha1 = sibling.blob_id if sha256 is None else None
    size = sibling.lfs.size if sibling.lfs is not None else sibling.size
    known = _SHA256.fullmatch(str(sha256)) or _SHA1.fullmatch(str(git_sha1))
    if not isinstance(size, int) or size < 0 or not known:
        raise DownloadError(
            f"The hub does not say the size or checksum of {sibling.rfilename} in {model_id}: it cannot be verified.",
            "Use the public hub, or another mirror (HF_ENDPOINT).",
        )
    return HubFile(sibling.rfilename, size, sha256, git_sha1)
