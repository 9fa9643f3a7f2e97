"""Where Tessera keeps things on this machine. Each folder can be moved by an environment variable (tests do)."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP_NAME = "tessera"
PRIVATE_FOLDER_MODE = 0o700


def state_dir() -> Path:
    """Journals, the session and pasted screenshots: what must survive a restart."""
    return _folder("TESSERA_STATE_DIR", platformdirs.user_state_dir(APP_NAME, appauthor=False))


def cache_dir() -> Path:
    """What can be made again: words that OCR read."""
    return _folder("TESSERA_CACHE_DIR", platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def data_dir() -> Path:
    """Models: too large to be fetched twice, so not in the cache, which cleaners empty."""
    return _folder("TESSERA_DATA_DIR", platformdirs.user_data_dir(APP_NAME, appauthor=False))


def config_dir() -> Path:
    """Settings."""
    return _folder("TESSERA_CONFIG_DIR", platformdirs.user_config_dir(APP_NAME, appauthor=False))


def log_dir() -> Path:
    """Logs of the window and the workers; never a password, never an answer."""
    return _folder("TESSERA_LOG_DIR", platformdirs.user_log_dir(APP_NAME, appauthor=False))


def make_private(folder: Path) -> Path:
    """Create `folder` for this user alone, and return it."""
    folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    return folder


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default)
