"""Which reader the command line asks, and how: the options that ask and batch share."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from engine.batch.tasks import ReaderId, Setting, Task
from engine.cli.options import reader_options
from engine.readers.types import KeepBy, ReaderChoice


def chosen(*arguments: str) -> ReaderChoice:
    found: list[ReaderChoice] = []

    @click.command()
    @reader_options
    def command(reader: ReaderChoice) -> None:
        found.append(reader)

    CliRunner().invoke(command, ["--reader", "some/model", *arguments], catch_exceptions=False, standalone_mode=False)
    return found[0]


def test_nothing_is_left_out_of_a_page_unless_it_is_asked_for() -> None:
    choice = chosen()
    assert choice == ReaderChoice("some/model")
    assert not choice.shortens


def test_what_a_model_is_spared_is_part_of_the_choice_and_of_a_rows_key() -> None:
    choice = chosen("--best-slices", "4", "--keep-tokens", "0.5", "--keep-by", "norm", "--top-p", "0.9")
    assert choice == ReaderChoice("some/model", best_slices=4, keep_tokens=0.5, keep_by=KeepBy.NORM, top_p=0.9)
    assert choice.shortens
    options = ([], ["--best-slices", "4"], ["--keep-tokens", "0.5"], ["--top-p", "0.9"])
    tasks = [Task(0, "a.pdf", "1", "Who?", Setting(reader=ReaderId(chosen(*each)))) for each in options]
    assert len({task.key("0") for task in tasks}) == len(options)


@pytest.mark.parametrize("option", ["--best-slices", "--keep-tokens", "--top-p"])
def test_nothing_at_all_is_no_choice(option: str) -> None:
    with pytest.raises(click.BadParameter):
        chosen(option, "0")
