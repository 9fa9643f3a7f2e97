"""`tessera doctor`: what is installed, what it runs on, what is kept, and whether it works."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time

import click
from rich.table import Table

from engine import __version__
from engine.cli.console import output
from engine.cli.desk import open_desk
from engine.errors import ExitCode, TesseraError
from engine.ocr.cache import WordCache
from engine.paths import cache_dir, config_dir, log_dir, state_dir
from engine.readers.types import EMBEDDED
from engine.resources import resource_path
from engine.slicing.policies import DEFAULT_POLICY

PACKAGES = (
    "pyside6",
    "pymupdf",
    "torch",
    "transformers",
    "bitsandbytes",
    "optimum",
    "onnxruntime",
    "rapidocr",
    "pillow",
)
SELF_TEST_QUESTION = "What is the invoice total?"
# What is printed on the sample invoice; a test compares it with the sample's own answers.
SELF_TEST_ANSWER = "€2,967.13"
MEGABYTE = 1_000_000
_CUDA_PROBE = """
import json, torch
there = torch.cuda.is_available()
print(json.dumps({"build": torch.version.cuda, "devices": [torch.cuda.get_device_name(i)
      for i in range(torch.cuda.device_count())] if there else []}))
"""


@click.command("doctor")
def command() -> int:
    """Check the installation, and answer a question about the sample invoice."""
    table = Table(show_header=False, box=None)
    for name, value in [*_versions(), *_devices(), *_folders()]:
        table.add_row(name, value)
    output().print(table)
    return _self_test()


def _versions() -> list[tuple[str, str]]:
    rows = [("tessera", __version__), ("python", f"{platform.python_version()} on {platform.platform()}")]
    for package in PACKAGES:
        try:
            rows.append((package, importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            rows.append((package, "missing: install Tessera again"))
    return rows


def _devices() -> list[tuple[str, str]]:
    return [("processors", str(os.cpu_count())), ("gpu", _gpu())]


def _gpu() -> str:
    """What torch can use; an NVIDIA driver beside a torch build without CUDA is said."""
    probe = subprocess.run([sys.executable, "-c", _CUDA_PROBE], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return "unknown: torch does not start; install it again"
    found = json.loads(probe.stdout)
    if found["devices"]:
        return ", ".join(found["devices"])
    if found["build"] is None and shutil.which("nvidia-smi"):
        return "an NVIDIA driver is here, but this torch was built without CUDA: everything runs on the CPU"
    return "none: everything runs on the CPU, and the embedded reader needs no more"


def _folders() -> list[tuple[str, str]]:
    words = WordCache()
    return [
        ("words kept", f"{words.size() / MEGABYTE:.1f} MB in {words.folder}"),
        ("state", str(state_dir())),
        ("settings", str(config_dir())),
        ("cache", str(cache_dir())),
        ("logs", str(log_dir())),
    ]


def _self_test() -> int:
    began = time.perf_counter()
    try:
        with open_desk(str(resource_path("samples", "invoice.pdf")), None) as desk:
            answer = desk.ask(SELF_TEST_QUESTION, desk.pages("all"), DEFAULT_POLICY, EMBEDDED)
    except TesseraError as error:
        output().print(f"self-test   failed: {error.info}", markup=False, style="red")
        return ExitCode.INTERNAL
    seconds = time.perf_counter() - began
    right = answer.text == SELF_TEST_ANSWER
    verdict = "right" if right else f"wrong, should be {SELF_TEST_ANSWER}"
    style = "green" if right else "red"
    output().print(f"self-test   {SELF_TEST_QUESTION} {answer.text} ({verdict}, {seconds:.1f} s)", style=style)
    return ExitCode.OK if right else ExitCode.INTERNAL
