"""The sample documents that ship with Tessera: `python -m engine.training.samples` writes them again.

It writes `invoice.pdf`, `receipt.png` (no text layer), `report.pdf` (its last page a scan) and `questions.csv` to
`--out`, and the expected answers with their places to `--golden`.
"""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import click

from engine.geometry import PageRect
from engine.training.sample_pages import Sample, invoice, receipt, report
from engine.training.synth.draw import draw_pdf, scan_like

RECEIPT_DPI = 190
SCAN_DPI = 120


def golden_rows(sample: Sample, scale: float = 1.0) -> list[dict[str, Any]]:
    """Question, answers and place of everything known of a sample; boxes in page units of the written file."""
    rows = []
    for number, (question, answers, span) in enumerate(sample.known, start=1):
        box = sample.canvas.box_of(span)
        assert box is not None
        scaled = PageRect(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)
        rows.append(
            {
                "document": sample.name,
                "id": f"{Path(sample.name).stem}-{number}",
                "question": question,
                "answers": list(answers),
                "page": span.page,
                "answer_box": scaled.as_list(),
            }
        )
    return rows


def write_receipt(sample: Sample, path: Path) -> None:
    """The slip as a grey PNG that carries no text, 16 grey levels to keep it small."""
    import pymupdf
    from PIL import Image

    with pymupdf.open(stream=draw_pdf(sample.document()), filetype="pdf") as pdf:
        pixmap = pdf[0].get_pixmap(dpi=RECEIPT_DPI)
        image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    scan = scan_like(image, random.Random(3), skew_degrees=0.3).quantize(16)
    scan.save(path, "PNG", optimize=True, dpi=(RECEIPT_DPI, RECEIPT_DPI))


def write_report(sample: Sample, path: Path) -> None:
    """The report, its last page replaced by a picture of it."""
    import pymupdf
    from PIL import Image

    with pymupdf.open(stream=draw_pdf(sample.document()), filetype="pdf") as pdf:
        pixmap = pdf[2].get_pixmap(dpi=SCAN_DPI)
        scan = scan_like(Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples), random.Random(5), 0.3)
        buffer = io.BytesIO()
        scan.save(buffer, "JPEG", quality=50)
        pdf.delete_page(2)
        page = pdf.new_page(width=595, height=842)
        page.insert_image(page.rect, stream=buffer.getvalue())
        path.write_bytes(pdf.tobytes(garbage=3, deflate=True, no_new_id=True))


@click.command(help=__doc__)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("resources/samples"))
@click.option("--golden", type=click.Path(dir_okay=False, path_type=Path), default=Path("tests/golden/samples.json"))
def main(out: Path, golden: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    first, second, third = invoice(), receipt(), report()
    (out / first.name).write_bytes(draw_pdf(first.document()))
    write_receipt(second, out / second.name)
    write_report(third, out / third.name)
    rows = golden_rows(first) + golden_rows(second, RECEIPT_DPI / 72) + golden_rows(third)
    with (out / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["document", "id", "question"])
        table.writerows([row["document"], row["id"], row["question"]] for row in rows)
    golden.parent.mkdir(parents=True, exist_ok=True)
    golden.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
