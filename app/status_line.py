"""The status line: reader, device, pixels read and seconds on the left; reading and its progress on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QWidget

if TYPE_CHECKING:
    from engine.documents.types import DocumentInfo, PageRef

BAR_WIDTH_PX = 90


class StatusLine(QStatusBar):
    """Says what was read and how; never a picture of work that is over."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._answer = QLabel(self.tr("Embedded reader · CPU"), self)
        self._answer.setAccessibleName(self.tr("Reader, device, pixels read and seconds"))
        self.addWidget(self._answer, 1)
        self._download = QLabel(self)
        self._download.setAccessibleName(self.tr("Download under way"))
        self._download.hide()
        self.addPermanentWidget(self._download)
        self._reading = QLabel(self)
        self.addPermanentWidget(self._reading)
        self._bar = QProgressBar(self)
        self._bar.setFixedWidth(BAR_WIDTH_PX)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Pages read"))
        self._bar.hide()
        self.addPermanentWidget(self._bar)
        self._page = QLabel(self)
        self._page.setAccessibleName(self.tr("Native size of the page"))
        self.addPermanentWidget(self._page)

    @property
    def text(self) -> str:
        return self._answer.text()

    def show_reader(self, summary: str) -> None:
        """Reader, device, pixels read and seconds."""
        self._answer.setText(summary)

    def show_download(self, text: str) -> None:
        """How far a model's download is; empty when none is under way."""
        self._download.setText(text)
        self._download.setVisible(bool(text))

    def show_page(self, page: PageRef | None) -> None:
        """Native size of the page that is shown."""
        if page is None:
            self._page.clear()
            return
        size = page.native
        text = self.tr("page {width} × {height} px").format(width=size.width, height=size.height)
        if page.native_dpi is not None:
            text = self.tr("{size} at {dpi} dpi").format(size=text, dpi=round(page.native_dpi))
        self._page.setText(text)

    def show_reading(self, document: DocumentInfo | None, read: int, failed: int) -> None:
        """How many pages of the document have been read in the background, and how many cannot be."""
        total = len(document.pages) if document is not None else 0
        under_way = read + failed < total
        self._bar.setVisible(under_way)
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(read + failed)
        self._reading.setText(self._reading_text(read, failed, total))

    def _reading_text(self, read: int, failed: int, total: int) -> str:
        if total == 0:
            return ""
        if read + failed < total:
            return self.tr("read {read} of {total} pages").format(read=read, total=total)
        if failed:
            return self.tr("{failed} of {total} pages cannot be read").format(failed=failed, total=total)
        return self.tr("all pages read")
