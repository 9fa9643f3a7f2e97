"""What is installed: the models folder, its manifests, and the user's own folders that were added by their path.

A model of the hub stands in `<data>/models/<owner>--<name>` beside a manifest that is written last; the folder is moved
into place whole, so that half a model never looks like one. Downloads under way stand in `.partial`. Imported folders
are never copied, moved or deleted: only their paths are kept.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.errors import CheckpointError, FileMissingError, ModelMissingError, OutputError
from engine.files import write_private
from engine.models.checks import check
from engine.models.shipped import NANO, find_shipped
from engine.models.types import Manifest, ModelFolder, is_hub_id
from engine.paths import data_dir, make_private
from engine.service.codec import CodecError, from_json, to_json

MANIFEST = "tessera-model.json"
IMPORTED = "imported.json"
PARTIAL = ".partial"
REMOVED = ".removed-"


def models_dir() -> Path:
    """Where models lie; it need not exist yet."""
    return data_dir() / "models"


def folder_of(model_id: str) -> Path:
    """Where the model of that hub id stands once it is installed."""
    return models_dir() / model_id.replace("/", "--")


def partial_folders(model_id: str) -> Path:
    """Where downloads of that hub id stand while they are under way, one folder for each commit."""
    return models_dir() / PARTIAL / model_id.replace("/", "--")


def find(name: str) -> ModelFolder:
    """The model that `name` means: the path of a folder, the hub id of an installed model, or the one that comes with
    Tessera. Fetches nothing.

    Raises ModelMissingError, which offers the download, and CheckpointError for an installed model that lost files.
    """
    if name == NANO:
        return find_shipped()
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _own_folder(folder)
    if not is_hub_id(name):
        raise FileMissingError(
            f"There is no model folder “{name}”.", "Give the path of a model folder, or a hub id such as owner/model."
        )
    if not folder_of(name).is_dir():
        raise ModelMissingError(
            f"The model {name} is not installed.", f"Get it with: tessera models pull {name}. Nothing was fetched."
        )
    model = _installed(folder_of(name))
    if model.problem:
        raise CheckpointError(model.problem, f"Get it again with: tessera models pull {name}")
    return model


def installed() -> tuple[ModelFolder, ...]:
    """All models of the hub that are installed, then the imported folders; each says if it cannot be used."""
    own = tuple(_imported(path) for path in _imported_paths())
    try:
        folders = sorted(path for path in models_dir().iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return own
    return tuple(_installed(folder) for folder in folders) + own


def import_folder(folder: Path) -> ModelFolder:
    """Check a model folder of the user's own and keep its path. Raises CheckpointError, FileMissingError,
    OutputError."""
    path = folder.expanduser().absolute()
    check(path)
    paths = _imported_paths()
    if path not in paths:
        _write_imported([*paths, path])
    return _own_folder(path)


def remove(name: str) -> int:
    """Delete an installed model with what downloads left of it, or forget an imported folder (whose files stay).

    Returns the bytes that were freed. Raises ModelMissingError, OutputError, and RunBusyError while it is fetched.
    """
    paths = _imported_paths()
    path = Path(name).expanduser().absolute()
    if path in paths:
        _write_imported([each for each in paths if each != path])
        return 0
    folders = [folder_of(name), partial_folders(name)] if is_hub_id(name) else []
    if not any(each.exists() for each in folders):
        raise ModelMissingError(f"There is no model “{name}” to remove.", "`tessera models list` shows what there is.")
    # The window imports this module; the lock's package brings asyncio with it.
    from engine.models.locks import model_lock

    with model_lock(name, partial_folders(name).parent):
        here = [each for each in folders if each.exists()]
        freed = sum(folder_bytes(each) for each in here)
        for each in here:
            _delete(each)
    return freed


def publish(partial: Path, manifest: Manifest) -> ModelFolder:
    """Write the manifest of the verified files in `partial` and move the folder into place, whole. Raises
    OutputError."""
    target = folder_of(manifest.id)
    try:
        write_private(partial / MANIFEST, to_json(manifest))
        if target.exists():
            _delete(target)
        partial.replace(target)
        shutil.rmtree(partial.parent, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error
    return _installed(target)


def is_installed(model_id: str, revision: str) -> bool:
    """Whether that very commit of a model is installed with all its files."""
    folder = folder_of(model_id)
    return folder.is_dir() and (model := _installed(folder)).revision == revision and not model.problem


def verified_files(model_id: str) -> dict[str, Path]:
    """The files of an installed model that are there in their full size, whatever its commit, by their sha256."""
    folder = folder_of(model_id)
    try:
        files = _read_manifest(folder).files
    except CheckpointError:
        return {}
    return {file.sha256: folder / file.name for file in files if _size(folder / file.name) == file.size_bytes}


def folder_bytes(folder: Path) -> int:
    """The size of all files under `folder`; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _installed(folder: Path) -> ModelFolder:
    name = folder.name.replace("--", "/", 1)
    try:
        manifest = _read_manifest(folder)
    except CheckpointError as error:
        return ModelFolder(name, folder, None, None, folder_bytes(folder), imported=False, problem=error.message)
    lacking = _lacking(folder, manifest)
    problem = f"The installed model {manifest.id} lacks {lacking}." if lacking else ""
    size = sum(file.size_bytes for file in manifest.files)
    return ModelFolder(manifest.id, folder, manifest.revision, manifest.licence, size, imported=False, problem=problem)


def _own_folder(folder: Path) -> ModelFolder:
    """A folder the user named; one that Tessera downloaded is known for what it is."""
    path = folder.absolute()
    if path.parent == models_dir().absolute() and (path / MANIFEST).exists():
        return _installed(path)
    return ModelFolder(str(path), path, None, None, folder_bytes(path), imported=True)


def _imported(path: Path) -> ModelFolder:
    problem = "" if path.is_dir() else f"The folder {path} is gone."
    return ModelFolder(str(path), path, None, None, folder_bytes(path), imported=True, problem=problem)


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest: Manifest = from_json(Manifest, (folder / MANIFEST).read_bytes())
    except (OSError, CodecError) as error:
        raise CheckpointError(f"The model in {folder} has no readable manifest ({MANIFEST}).") from error
    return manifest


def _lacking(folder: Path, manifest: Manifest) -> str:
    """The first file of the manifest that is not there in its full size."""
    for file in manifest.files:
        size = _size(folder / file.name)
        if size is None:
            return file.name
        if size != file.size_bytes:
            return f"{file.size_bytes - size} bytes of {file.name}"
    return ""


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _imported_paths() -> list[Path]:
    with suppress(FileNotFoundError):
        try:
            return [Path(text) for text in json.loads((models_dir() / IMPORTED).read_bytes())]
        except (ValueError, TypeError) as error:
            raise CheckpointError(
                f"The list of imported models in {models_dir()} is damaged.",
                f"Delete {IMPORTED} and import them again.",
            ) from error
    return []


def _write_imported(paths: list[Path]) -> None:
    try:
        folder = make_private(models_dir())
        write_private(folder / IMPORTED, json.dumps([str(path) for path in paths], indent=1))
    except OSError as error:
        raise OutputError(f"{models_dir()} cannot be written: {error.strerror or error}.") from error


def _delete(folder: Path) -> None:
    """Under another name first, so that a model half deleted is never taken for a whole one. Raises OutputError.

    What a deletion that was killed left behind goes too.
    """
    try:
        for left in models_dir().glob(f"{REMOVED}*"):
            shutil.rmtree(left)
        going = Path(tempfile.mkdtemp(prefix=REMOVED, dir=models_dir())) / folder.name
        folder.replace(going)
        shutil.rmtree(going.parent)
    except OSError as error:
        raise OutputError(f"{folder} cannot be removed: {error.strerror or error}.") from error
