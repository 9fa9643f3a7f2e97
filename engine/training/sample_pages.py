"""What the sample documents that ship with Tessera say and how they look. Every name and number is made up."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import Column, write_row
from engine.training.synth.types import SyntheticDocument, TextStyle

INK = (0.13, 0.17, 0.22)
TEAL = (0.02, 0.37, 0.42)
GREY = (0.42, 0.46, 0.51)
PALE = (0.925, 0.953, 0.957)


@dataclass(slots=True)
class Sample:
    """A sample being written: its canvas and the (question, answers, span) known of it."""

    name: str
    canvas: Canvas
    known: list[tuple[str, tuple[str, ...], Span]] = field(default_factory=list)

    def know(self, question: str, span: Span, *answers: str) -> None:
        self.known.append((question, answers or (self.canvas.text_of(span),), span))

    def document(self) -> SyntheticDocument:
        pages, art = self.canvas.finish(self.name)
        return SyntheticDocument(Path(self.name).stem, pages, (), art)


def _canvas(width: float, height: float, style: TextStyle) -> Canvas:
    return Canvas(width, height, random.Random(0), style)


def invoice() -> Sample:
    """One A4 page."""
    canvas = _canvas(595, 842, TextStyle("helv", 9.5, colour=INK))
    sample = Sample("invoice.pdf", canvas)
    _invoice_head(sample)
    _invoice_parties(sample)
    _invoice_totals(sample, _invoice_items(sample))
    _invoice_foot(sample)
    return sample


def _invoice_head(sample: Sample) -> None:
    canvas = sample.canvas
    canvas.shape(0, 0, 595, 8, fill=TEAL)
    for number, height in enumerate((26, 18, 10)):
        canvas.shape(48 + 9 * number, 70 - height, 55 + 9 * number, 70, fill=TEAL)
    canvas.new_block()
    name = canvas.write(84, 62, "Kestrel Optics Ltd.", canvas.styled(size=17, bold=True, colour=TEAL))
    sample.know("Who issued the invoice?", name)
    canvas.write(84, 75, "Instruments for field and laboratory", canvas.styled(size=8.5, colour=GREY))
    canvas.new_block()
    canvas.write(547, 66, "INVOICE", canvas.styled(size=24, bold=True), "right")
    small = canvas.styled(size=8.5, colour=GREY)
    canvas.write_lines(84, 96, ["14 Harbour View", "Cork T12 W8KP", "Ireland"], small)
    _, y = canvas.write_lines(250, 96, ["Tel: +353 21 555 0148", "accounts@kestrel-optics.example"], small)
    canvas.write(250, y, "VAT No. IE 6388047V", small)


def _invoice_parties(sample: Sample) -> None:
    canvas = sample.canvas
    label = canvas.styled(size=8, bold=True, colour=TEAL)
    canvas.shape(48, 138, 547, 138, stroke=(0.8, 0.84, 0.86))
    canvas.new_block()
    canvas.write(48, 160, "BILL TO", label)
    buyer = canvas.write(48, 175, "Meridian Survey Group", canvas.styled(bold=True, size=10.5))
    sample.know("Who is the customer?", buyer)
    canvas.write_lines(48, 189, ["Attn: Helen Fraser", "88 Station Road", "Leeds LS1 4DY", "United Kingdom"])
    rows = (
        ("Invoice No.", "KO-2024-0318", "What is the invoice number?"),
        ("Invoice Date", "12 March 2024", "When was the invoice issued?"),
        ("Due Date", "11 April 2024", "When is the payment due?"),
        ("PO Number", "4500-7731", "What is the PO number?"),
        ("Terms", "Net 30", "What are the payment terms?"),
    )
    canvas.shape(330, 148, 547, 242, fill=PALE)
    canvas.new_block()
    y = 166.0
    for text, value, question in rows:
        canvas.write(342, y, text, canvas.styled(colour=GREY))
        sample.know(question, canvas.write(535, y, value, canvas.styled(bold=True), "right"))
        y += 16.5


_ITEMS = (
    ("Field microscope FM-200", 2, 48900),
    ("Objective lens 40x, plan achromat", 4, 12650),
    ("LED ring light", 2, 7490),
    ("Calibration slide set", 3, 5800),
    ("Carry case, hard shell", 2, 6525),
    ("On-site training, per hour", 5, 9000),
)


def _euros(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02}"


def _invoice_items(sample: Sample) -> int:
    """The item table; the sum in cents."""
    canvas = sample.canvas
    columns = [Column(58, 300), Column(310, 350, "right"), Column(360, 445, "right"), Column(455, 537, "right")]
    canvas.shape(48, 268, 547, 290, fill=TEAL)
    canvas.new_block()
    head = canvas.styled(bold=True, colour=(1.0, 1.0, 1.0), size=9)
    write_row(canvas, 282, ["Description", "Qty", "Unit Price", "Amount"], columns, head)
    y, total = 290.0, 0
    for name, quantity, price in _ITEMS:
        cells = [name, str(quantity), _euros(price), _euros(quantity * price)]
        spans = write_row(canvas, y + 20, cells, columns, canvas.style)
        if name.startswith("Calibration"):
            sample.know("What is the unit price of the calibration slide set?", spans[2])
        if name.startswith("Objective"):
            sample.know("How many objective lenses were ordered?", spans[1])
        total += quantity * price
        y += 32
        canvas.shape(48, y, 547, y, stroke=(0.85, 0.88, 0.9))
    return total


def _invoice_totals(sample: Sample, items: int) -> None:
    canvas = sample.canvas
    shipping = 2400
    tax = round((items + shipping) * 0.23)
    rows = (
        ("Subtotal", items, "What is the subtotal?"),
        ("Shipping", shipping, "How much is shipping?"),
        ("VAT 23%", tax, "How much VAT is charged?"),
    )
    y = 512.0
    canvas.new_block()
    for label, cents, question in rows:
        canvas.write(370, y, label, canvas.styled(colour=GREY))
        sample.know(
            question, canvas.write(537, y, f"€{_euros(cents)}", align="right"), f"€{_euros(cents)}", _euros(cents)
        )
        y += 20
    total = items + shipping + tax
    canvas.shape(358, y - 8, 547, y + 18, fill=TEAL)
    strong = canvas.styled(bold=True, size=12, colour=(1.0, 1.0, 1.0))
    canvas.write(370, y + 9.5, "Invoice Total", strong)
    span = canvas.write(537, y + 9.5, f"€{_euros(total)}", strong, "right")
    sample.know("What is the invoice total?", span, f"€{_euros(total)}", _euros(total))


def _invoice_foot(sample: Sample) -> None:
    canvas = sample.canvas
    label = canvas.styled(size=8, bold=True, colour=TEAL)
    canvas.new_block()
    canvas.write(48, 512, "PAYMENT DETAILS", label)
    for number, (name, value) in enumerate(
        (("Bank", "Lee Valley Credit Bank"), ("IBAN", "IE64 LVCB 9305 8412 3456 78"), ("BIC", "LVCBIE2D"))
    ):
        canvas.write(48, 529 + 16 * number, name, canvas.styled(colour=GREY))
        span = canvas.write(82, 529 + 16 * number, value)
        if name == "IBAN":
            sample.know("What is the IBAN?", span)
    text = (
        "Please quote the invoice number with your payment. Goods remain our property until paid in full. "
        "Questions about this invoice: Declan Moore, accounts department."
    )
    canvas.paragraph(48, 672, 499, text, canvas.styled(size=8.5, colour=GREY))
    canvas.shape(48, 792, 547, 792, stroke=(0.8, 0.84, 0.86))
    foot = "Kestrel Optics Ltd. · Registered in Ireland No. 512906 · www.kestrel-optics.example"
    canvas.new_block()
    canvas.write(297.5, 808, foot, canvas.styled(size=7.5, colour=GREY), "center")


_GROCERIES = (
    ("Sourdough loaf", "3.40"),
    ("Free range eggs x12", "3.95"),
    ("Cheddar 400g", "5.20"),
    ("Tomatoes on vine", "2.15"),
)
_PAID = (
    ("Subtotal", "14.70", ""),
    ("Loyalty discount", "-0.70", ""),
    ("TOTAL", "£14.00", "What is the total?"),
    ("Cash", "20.00", "How much cash was given?"),
    ("Change", "6.00", "How much change was given?"),
)


def receipt() -> Sample:
    """A till slip; `write_receipt` turns it into a picture."""
    canvas = _canvas(226, 326, TextStyle("cour", 8.5))
    sample = Sample("receipt.png", canvas)
    middle, left, right = 113.0, 16.0, 210.0
    shop = canvas.write(middle, 30, "OAK & ELM GROCERS", canvas.styled(size=12, bold=True), "center")
    sample.know("What is the name of the shop?", shop)
    for number, line in enumerate(("27 Mill Road, Norwich NR2 3DF", "Tel: 01603 555 019", "VAT No. GB 402 7718 36")):
        canvas.write(middle, 44 + 11 * number, line, canvas.styled(size=8), "center")
    canvas.write(left, 86, "Receipt No: 00482913")
    canvas.write(left, 98, "Cashier: Maeve")
    sample.know("When was the purchase made?", canvas.write(right, 86, "14/06/2024", align="right"))
    canvas.write(right, 98, "17:42", align="right")
    canvas.write(middle, 110, "-" * 37, align="center")
    y = 124.0
    for name, price in _GROCERIES:
        canvas.write(left, y, name)
        span = canvas.write(right, y, price, align="right")
        if name.startswith("Cheddar"):
            sample.know("How much does the cheddar cost?", span)
        y += 13
    canvas.write(middle, y, "-" * 37, align="center")
    for label, value, question in _PAID:
        y += 15
        style = canvas.styled(bold=label == "TOTAL", size=11 if label == "TOTAL" else 8.5)
        canvas.write(left, y, label, style)
        span = canvas.write(right, y, value, style, "right")
        if question:
            sample.know(question, span, *dict.fromkeys((value, value.lstrip("£"))))
    canvas.write(middle, y + 26, "Items: 4", align="center")
    canvas.write(middle, y + 44, "Thank you, see you soon!", align="center")
    return sample


_ABOUT = (
    "The Vale River Trust was founded in [[year|1987]] by [[founder|Margaret Ellison]], a schoolteacher from Ashby. It "
    "looks after 64 km of river and the meadows beside it. The trust employs [[staff|23]] people and relies on about "
    "400 volunteers, who gave more than 9,000 hours of their time this year."
)
_ABOUT_ASKS = {
    "year": "When was the Vale River Trust founded?",
    "founder": "Who founded the Vale River Trust?",
    "staff": "How many people does the trust employ?",
}
_YEAR = (
    "Spring floods delayed the work on the Hollin weir. The fish pass at Stanton opened on [[pass|9 September 2023]] "
    "and cost [[cost|£318,000]]. In October the first salmon since 1971 was counted above the weir. Two farms joined "
    "the meadow scheme, which now covers 212 hectares."
)
_YEAR_ASKS = {"pass": "When was the fish pass opened?", "cost": "How much did the fish pass cost?"}
_OUTLOOK = (
    "In the coming year the trust will plant hedges along the Ashby road and survey the upper valley. The next annual "
    "meeting takes place on [[next|18 May 2024]] in the village hall of Hollin."
)
_WATER = (
    "Samples are taken every month at five stations. Oxygen rose at all of them; phosphate fell except at Ashby, where "
    "a pump failed in July."
)
_STATIONS = (
    ("Ashby", "8.1", "0.14", "11.2", "12"),
    ("Hollin", "9.4", "0.06", "10.6", "12"),
    ("Mill Ford", "9.0", "0.08", "10.9", "11"),
    ("Stanton", "8.7", "0.09", "11.0", "12"),
    ("Upper Vale", "10.2", "0.03", "9.1", "10"),
)
_FINANCES = (
    "Income for the year was [[income|£742,600]], of which 58% came from grants and 31% from donations. Spending was "
    "£711,900. The reserve at the end of the year stood at [[reserve|£164,250]]."
)
_FINANCES_ASKS = {
    "income": "What was the income for the year?",
    "reserve": "How much was the reserve at the end of the year?",
}


def report() -> Sample:
    """Three pages: cover with summary, results with a table, and notes that `write_report` turns into a scan."""
    canvas = _canvas(595, 842, TextStyle("tiro", 11, colour=INK))
    sample = Sample("report.pdf", canvas)
    _report_summary(sample)
    canvas.add_page()
    _report_table(sample)
    canvas.add_page()
    _report_notes(sample)
    return sample


def _running_line(sample: Sample) -> None:
    canvas, small = sample.canvas, sample.canvas.styled(size=8.5, colour=GREY)
    canvas.new_block()
    canvas.write(60, 40, "Vale River Trust · Annual Report 2023", small)
    canvas.write(535, 40, f"Page {canvas.page + 1}", small, "right")
    canvas.shape(60, 48, 535, 48, stroke=(0.75, 0.78, 0.8))


def _section(sample: Sample, y: float, heading: str, text: str, asks: dict[str, str]) -> float:
    """A heading and its paragraph; `asks` maps marks of the text to questions."""
    canvas = sample.canvas
    canvas.new_block()
    canvas.write(60, y, heading, canvas.styled(font="helv", size=14, bold=True, colour=TEAL))
    spans, y = canvas.paragraph(60, y + 22, 475, text)
    for key, question in asks.items():
        answer = text.split(f"[[{key}|")[1].split("]]")[0]
        sample.know(question, spans[key], answer)
    return y + 22


def _report_summary(sample: Sample) -> None:
    canvas = sample.canvas
    _running_line(sample)
    title = canvas.write(60, 104, "Annual Report 2023", canvas.styled(font="helv", size=26, bold=True, colour=TEAL))
    sample.know("What is the title of the report?", title)
    canvas.write(60, 126, "Vale River Trust", canvas.styled(font="helv", size=13))
    y = _section(sample, 176, "1. About the Trust", _ABOUT, _ABOUT_ASKS)
    y = _section(sample, y, "2. The Year in Brief", _YEAR, _YEAR_ASKS)
    _section(sample, y, "3. Outlook", _OUTLOOK, {"next": "When does the next annual meeting take place?"})


def _report_table(sample: Sample) -> None:
    canvas = sample.canvas
    _running_line(sample)
    y = _section(sample, 92, "4. Water Quality", _WATER, {})
    canvas.new_block()
    canvas.write(60, y, "Table 1. Yearly means by station", canvas.styled(font="helv", size=9.5, bold=True))
    columns = [Column(64, 190), *(Column(200 + 84 * i, 274 + 84 * i, "right") for i in range(4))]
    y += 22
    canvas.shape(60, y - 14, 535, y + 7, fill=PALE)
    head = canvas.styled(font="helv", size=9.5, bold=True)
    write_row(canvas, y, ["Station", "Oxygen mg/l", "Phosphate mg/l", "Temp. °C", "Samples"], columns, head)
    for row in _STATIONS:
        y += 22
        spans = write_row(canvas, y, list(row), columns, canvas.styled(font="helv", size=9.5))
        canvas.shape(60, y + 7, 535, y + 7, stroke=(0.82, 0.85, 0.87))
        if row[0] == "Hollin":
            sample.know("What is the oxygen value at Hollin?", spans[1])
        if row[0] == "Mill Ford":
            sample.know("How many samples were taken at Mill Ford?", spans[4])
    _section(sample, y + 50, "5. Finances", _FINANCES, _FINANCES_ASKS)


def _report_notes(sample: Sample) -> None:
    canvas = sample.canvas
    canvas.style = canvas.styled(font="cour", size=11, colour=(0.1, 0.1, 0.1))
    canvas.new_block()
    canvas.write(70, 96, "AUDITOR'S STATEMENT", canvas.styled(bold=True, size=13))
    text = (
        "I have examined the accounts of the Vale River Trust for the year ended 31 December 2023. In my opinion they "
        "give a true and fair view of its affairs."
    )
    _, y = canvas.paragraph(70, 128, 450, text)
    for label, value, question in (
        ("Auditor:", "Thomas Whitlock", "Who is the auditor?"),
        ("Firm:", "Whitlock & Pryce LLP", "Which firm audited the accounts?"),
        ("Date:", "22 February 2024", "When was the auditor's statement dated?"),
        ("Ref. No.:", "WP/1187/24", "What is the reference number of the auditor's statement?"),
    ):
        y += 22
        canvas.new_block()
        canvas.write(70, y, label)
        sample.know(question, canvas.write(160, y, value))
