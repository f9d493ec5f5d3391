"""The yearly report as a Word document in the format of official documents (GB/T 9704-2012)."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.governance.annual.content import AnnualReport, Section
from pipelines.governance.annual.pdf import widths_of
from pipelines.governance.annual.pictures import bars_png
from pipelines.governance.tables import OutputTable

# 2号小标宋, 3号黑体, 3号仿宋 in points; 28 points from line to line.
TITLE, BODY, TABLE = 22, 16, 9
_LINE = 28
_MANY = 8  # columns; a table with more is set smaller
_MARGINS = {"top": 37, "bottom": 35, "left": 28, "right": 26}  # mm


def write_document(report: AnnualReport, file: Path, cache: Path) -> None:
    """Write the .docx."""
    import docx  # heavy, and only needed here
    from docx.shared import Mm

    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    for side, width in _MARGINS.items():
        setattr(page, f"{side}_margin", Mm(width))
    document.core_properties.title = report.title
    document.core_properties.author = ""
    title = report.title.replace("年度", "年度\n", 1)  # lines of a title end with a word
    _line(document, title, "方正小标宋简体", TITLE, centred=True)
    _line(document, "（草案）", "楷体", BODY, centred=True)
    _line(document, report.opening, "仿宋", BODY, indent=True)
    for section in report.sections:
        _section(document, section, cache)
    for place, annex in enumerate(report.annexes, start=1):
        _annex(document, annex, place)
    _line(document, report.note, "楷体", 12, indent=True)
    document.save(str(file))


def _section(document: Any, section: Section, cache: Path) -> None:
    from docx.shared import Mm

    _line(document, section.heading, "黑体", BODY, indent=True, heading=True)
    for paragraph in section.paragraphs:
        _line(document, paragraph, "仿宋", BODY, indent=True)
    if section.table:
        _table(document, section.table)
    for bars in section.bars:
        document.add_picture(io.BytesIO(bars_png(bars, cache)), width=Mm(156))


def _annex(document: Any, table: OutputTable, place: int) -> None:
    from docx.enum.section import WD_ORIENT, WD_SECTION
    from docx.shared import Mm

    page = document.add_section(WD_SECTION.NEW_PAGE)
    page.orientation, page.page_width, page.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    page.top_margin = page.bottom_margin = page.left_margin = page.right_margin = Mm(20)
    _line(document, f"附件{place}", "黑体", BODY)
    _line(document, table.title, "方正小标宋简体", 18, centred=True)
    _table(document, table)


def _table(document: Any, table: OutputTable) -> None:
    from docx.shared import Pt

    size = TABLE if len(table.columns) <= _MANY else 7
    made = document.add_table(rows=1, cols=len(table.columns), style="Table Grid")
    _tighten(made)
    _cells(made.rows[0].cells, table.columns, "黑体", size)
    _repeat(made.rows[0])
    texts = [["" if v is None else str(v) for v in row] for row in table.rows]
    texts = texts or [["无", *[""] * (len(table.columns) - 1)]]
    for row in texts:
        _cells(made.add_row().cells, row, "仿宋", size)
    room = _room(document) / Pt(size)
    _set_widths(document, made, widths_of([list(table.columns), *texts], room))
    if table.note:
        _line(document, f"注：{table.note}", "仿宋", TABLE)


def _cells(cells: Sequence[Any], texts: Sequence[str], font: str, size: float) -> None:
    for cell, text in zip(cells, texts, strict=True):
        run = cell.paragraphs[0].add_run(text)
        _set_font(run, font, size)


def _tighten(table: Any) -> None:
    """Half a millimetre from a cell's edge to its text; columns as wide as they are told."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "30")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)
    table.autofit = False


def _set_widths(document: Any, table: Any, shares: Sequence[float]) -> None:
    room = _room(document)
    for column, share in zip(table.columns, shares, strict=True):
        width = int(room * share / sum(shares))
        column.width = width
        for cell in column.cells:
            cell.width = width


def _room(document: Any) -> int:
    """Between the margins of the page that is written."""
    page = document.sections[-1]
    return int(page.page_width - page.left_margin - page.right_margin)


def _repeat(row: Any) -> None:
    """The head again on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _line(
    document: Any,
    text: str,
    font: str,
    size: float,
    *,
    centred: bool = False,
    indent: bool = False,
    heading: bool = False,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = document.add_paragraph(style="Heading 1" if heading else None)
    layout = paragraph.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing = Pt(_LINE if size >= BODY else size * 1.6)
    if centred:
        layout.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        layout.first_line_indent = Pt(size * 2)
    _set_font(paragraph.add_run(text), font, size)


def _set_font(run: Any, font: str, size: float) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    run.font.size, run.font.name, run.font.bold = Pt(size), "Times New Roman", False
    run.font.color.rgb = RGBColor(0, 0, 0)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
