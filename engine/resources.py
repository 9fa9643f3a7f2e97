"""The one accessor of files shipped with Tessera: icons, themes, samples, weights.

In the repository they stand in `resources/`; in an installed wheel and in a bundle in `engine/_resources/`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_path(*parts: str) -> Path:
    """The path of a shipped file, e.g. `resource_path("samples", "invoice.pdf")`.

    Raises FileNotFoundError with the relative name when it was not shipped.
    """
    for root in (_PACKAGE / "_resources", _PACKAGE.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"Tessera was installed without its resource {'/'.join(parts)}; install it again")
