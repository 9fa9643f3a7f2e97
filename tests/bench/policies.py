"""How long all slicing policies take on one page, once its words are known. Prints medians; asserts nothing.

python tests/bench/policies.py [--runs 21] [--words 600]

Wall time is what a user waits, CPU time what the machine worked: on a busy machine only the second one is a measure.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.geometry import PixelRect, Size
from engine.slicing.cost import Rates
from engine.slicing.figures import Figures, PageFacts, all_figures, figures_of
from engine.slicing.policies import policy_ids
from engine.slicing.words import PageWordBoxes, index_words

PAGES = {
    "A4 at 150 dpi": Size(1240, 1754),
    "A4 at 300 dpi": Size(2480, 3508),
    "screenshot": Size(1920, 1080),
    "receipt": Size(576, 4500),
}
SLOWEST = 5


def page_words(page: Size, count: int) -> PageWordBoxes:
    """Words in lines of ten over the page, always the same ones."""
    rng = random.Random(count)
    pitch = page.height / (count / 10 + 2)
    return index_words(
        PixelRect(
            page.width * (0.06 + 0.088 * (number % 10)) + rng.uniform(0, 9),
            pitch * (number // 10 + 1),
            page.width * rng.uniform(0.02, 0.08),
            pitch * rng.uniform(0.5, 0.9),
        )
        for number in range(count)
    )


def timed(page: PageFacts, runs: int) -> tuple[float, float]:
    """Medians of wall and CPU milliseconds of all policies on `page`."""
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        all_figures(page, Rates(1e12, 1e12))
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3


def slowest(page: PageFacts) -> list[tuple[float, Figures]]:
    """The policies that take longest, with their CPU milliseconds."""
    found = []
    for policy in policy_ids():
        began = time.process_time()
        row = figures_of(policy, page)
        found.append(((time.process_time() - began) * 1e3, row))
    return sorted(found, key=lambda pair: -pair[0])[:SLOWEST]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--words", type=int, default=600)
    options = parser.parse_args()
    print(f"{len(policy_ids())} policies, {options.words} words, median of {options.runs} runs")
    for name, size in PAGES.items():
        page = PageFacts(size, 150.0, page_words(size, options.words))
        wall, cpu = timed(page, options.runs)
        print(f"{name:14} {size!s:10} {wall:6.1f} ms wall  {cpu:6.1f} ms CPU")
    page = PageFacts(PAGES["A4 at 300 dpi"], 300.0, page_words(PAGES["A4 at 300 dpi"], options.words))
    print("slowest:", ", ".join(f"{row.chosen.id} {ms:.2f} ms" for ms, row in slowest(page)))


if __name__ == "__main__":
    main()
