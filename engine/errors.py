"""Every error a user can meet: a stable code, one sentence that says what happened, a hint that says what to do.

Raise these early; borders (task, process, CLI, slot) turn them into one line. Anything that is not a `TesseraError`
is a bug and is shown as an internal error, with its traceback in the log only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line."""

    OK = 0
    USAGE = 2
    INPUT = 3
    SOME_FAILED = 4
    INTERNAL = 5
    CANCELLED = 130


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as plain data: what crosses process borders, goes to the journal and is shown."""

    code: str
    message: str
    hint: str
    exit_code: int = ExitCode.INTERNAL

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class TesseraError(Exception):
    """Base of all expected errors. `message` says what happened, `hint` what to do about it."""

    code = "internal"
    exit_code = ExitCode.INTERNAL
    default_hint = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    @property
    def info(self) -> ErrorInfo:
        return ErrorInfo(self.code, self.message, self.hint, int(self.exit_code))


class UsageError(TesseraError):
    """An option or argument that cannot be meant: an unknown policy, a page range outside the document."""

    code = "usage"
    exit_code = ExitCode.USAGE


class InputError(TesseraError):
    """A file or folder that cannot be used as it is. Base of the document errors."""

    code = "input"
    exit_code = ExitCode.INPUT


class FileMissingError(InputError):
    code = "file-missing"
    default_hint = "Check the path and the spelling."


class FileEmptyError(InputError):
    code = "file-empty"
    default_hint = "The file holds no bytes; fetch or export it again."


class UnsupportedFileError(InputError):
    code = "file-unsupported"
    default_hint = "Tessera opens PDF, PNG, JPEG, TIFF, WebP, BMP and GIF."


class FileDamagedError(InputError):
    code = "file-damaged"
    default_hint = "Fetch or export the file again; a truncated download is the usual cause."


class PasswordNeededError(InputError):
    code = "password-needed"
    default_hint = "Give the password with --password, or type it when the window asks."


class PasswordWrongError(InputError):
    code = "password-wrong"
    default_hint = "Check the password; capital letters matter."


class NoPagesError(InputError):
    code = "no-pages"
    default_hint = "The document has no page to show; export it again."


class PageTooLargeError(InputError):
    code = "page-too-large"
    default_hint = "Split or shrink the page first; nothing is ever downscaled silently."


class PageTimeoutError(InputError):
    code = "page-timeout"
    default_hint = "The other pages stay usable; open a simplified copy of this page to read it."


class PlanRefusedError(InputError):
    """A slice plan that the published policy itself cannot make for this size."""

    code = "plan-refused"
    default_hint = "Choose another policy, or a page whose sides are closer in length."


class QuestionsFileError(InputError):
    code = "questions-file"
    default_hint = (
        "Give a CSV with a column named 'question' (and optionally 'id' and 'document'), "
        "or a TXT with one question a line."
    )


class OutputError(InputError):
    """The place to write to cannot be written: a full disk, a read-only folder."""

    code = "output"
    default_hint = "Choose another folder or free some space; nothing already answered is lost."


class RunBusyError(InputError):
    code = "run-busy"
    default_hint = "Wait for the other Tessera to finish this run, or stop it first."


class CheckpointError(InputError):
    """A model folder that cannot be loaded as what it claims to be."""

    code = "checkpoint"
    default_hint = "Fetch the model again, or choose another folder; the reader in use stays selected."


class ModelMissingError(FileMissingError):
    """A model that is not on this machine; the hint offers the download, nothing is fetched unasked."""

    code = "model-missing"


class DownloadError(InputError):
    """The hub cannot be reached, refuses, or sent something else than it promised."""

    code = "download"
    default_hint = "Try again later; what was fetched so far is kept."


class DeviceError(InputError):
    """A device that a model was to run on is not there, cannot do what was asked of it, or was lost."""

    code = "device"
    default_hint = "Choose another device or precision; tessera doctor lists what this machine can do."


class DeviceLostError(DeviceError):
    """A device that failed under a running model. The process that used it cannot use it again."""

    code = "device-lost"
    default_hint = (
        "Ask again; the model is loaded anew. If it comes back, run it on the CPU and check the GPU's driver."
    )


class OutOfDeviceMemoryError(InputError):
    """A model or a page is too big for the memory that is free."""

    code = "out-of-memory"
    default_hint = "Use fewer slices, a smaller precision (nf4 on CUDA, int8 on CPU), or the CPU."


class SettingsError(InputError):
    code = "settings"


class WorkerDiedError(TesseraError):
    code = "worker-died"
    default_hint = "It was started again; ask once more. Answers given so far are kept."


class MemoryLimitError(TesseraError):
    code = "memory"
    exit_code = ExitCode.INPUT
    default_hint = "Close other documents, or read fewer pages at a time."


class CancelledError(TesseraError):
    code = "cancelled"
    exit_code = ExitCode.CANCELLED


def internal_error(error: BaseException) -> ErrorInfo:
    """What a user sees of a bug: its kind and where to look, never a traceback."""
    return ErrorInfo(
        "internal",
        f"Something went wrong inside Tessera ({type(error).__name__}: {error}).",
        "The log has the details; please report it.",
        ExitCode.INTERNAL,
    )
