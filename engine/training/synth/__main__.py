"""`python -m engine.training.synth --seed 7 --count 20 --out DIR`: synthetic documents as PDFs, with qa.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engine.errors import OutputError
from engine.training.synth import HELD_OUT_FAMILIES, TRAIN_FAMILIES, SyntheticDocument, draw, make_document


@click.command(help=__doc__)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Documents in all.")
@click.option("--family", "families", multiple=True, type=click.Choice((*TRAIN_FAMILIES, *HELD_OUT_FAMILIES)))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def main(seed: int, count: int, families: tuple[str, ...], out: Path) -> None:
    rows: list[dict[str, Any]] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for k in range(count):
            document = make_document(seed, k, families[k % len(families)] if families else None, noise=0)
            name = document.pages[0].page.document.path
            (out / name).write_bytes(draw.draw_pdf(document))
            rows += question_rows(document, name)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / "qa.jsonl").write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(str(OutputError(f"{out} cannot be written: {error.strerror}.").info)) from error
    click.echo(f"{count} documents and {len(rows)} questions in {out}")


def question_rows(document: SyntheticDocument, file: str) -> list[dict[str, Any]]:
    """The document's questions as rows of qa.jsonl; `page_size` is [width, height] in page units."""
    stem = Path(file).stem
    rows = []
    for number, question in enumerate(document.questions):
        page = document.pages[question.page].page
        rows.append(
            {
                "id": f"{stem}-{number}",
                "file": file,
                "page": question.page,
                "question": question.question,
                "answers": list(question.answers),
                "answer_box": question.answer_box.as_list() if question.answer_box else None,
                "kind": question.kind,
                "page_size": [page.width, page.height],
                "present": question.present,
            }
        )
    return rows


if __name__ == "__main__":
    main()
