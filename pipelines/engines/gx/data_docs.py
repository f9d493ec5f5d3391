"""Data Docs: what Great Expectations found, as a static site under the home folder.

Pages are GX's own, rendered one suite and run at a time: its site builder renders all of history
again and grows slow with it. The site keeps the last ``KEPT_RUNS`` runs of each source and library,
fetches nothing from anywhere, and shows counts, never a value of the data. A page that cannot be
written is a line in the log: the check has been made without it.
"""

import logging
import re
import shutil
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pipelines.quality.outcome import redact

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.render.view import DefaultJinjaPageView

KEPT_RUNS = 30
_LOG = logging.getLogger(__name__)
# Style sheets, scripts and pictures of other servers: a site may have no internet, and says nothing
# to anybody when a page is looked at.
_REMOTE = re.compile(
    r"<link[^>]+https?://[^>]*>|<script[^>]+https?://[^>]*>\s*</script>|<img[^>]+https?://[^>]*>"
)
_STYLE = """<style>
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2em auto;max-width:70em}
body{padding:0 1em;color:#1f2933} table{border-collapse:collapse} a{color:#0b5cad}
td,th{border:1px solid #d5dde5;padding:.3em .7em;text-align:left;vertical-align:top}
</style>"""


def write_page(
    site: Path, subject: str, run: str, result: "ExpectationSuiteValidationResult"
) -> None:
    """Render one suite's result; the index is written by ``write_index``."""
    try:
        folder = site / subject / run
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"{result.suite_name}.html", _rendered(result, run))
    except Exception as wrong:  # noqa: BLE001 - a page is no reason to stop a batch
        _LOG.warning("no Data Docs page for %s: %s", subject, type(wrong).__name__)


def write_index(site: Path, subject: str) -> None:
    """Forget old runs of a subject, and list what there is."""
    try:
        for old in sorted(_folders(site / subject))[:-KEPT_RUNS]:
            shutil.rmtree(old, ignore_errors=True)
        rows = "".join(_row(each) for each in sorted(_folders(site)))
        head = f'<!doctype html><meta charset="utf-8"><title>Data Docs</title>{_STYLE}'
        table = f"<tr><th>subject<th>runs, latest first</tr>{rows}"
        _replace(site / "index.html", f"{head}<h1>Data Docs</h1><table>{table}</table>")
        _LOG.info("Data Docs: %s", site / "index.html")
    except OSError as wrong:
        _LOG.warning("no index of Data Docs: %s", type(wrong).__name__)


def _rendered(result: "ExpectationSuiteValidationResult", run: str) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    result.meta.setdefault("run_id", {"run_name": run, "run_time": "1970-01-01T00:00:00+00:00"})
    for each in result.results:
        _hide_values(each.result, str(each.expectation_config.kwargs.get("column") or ""))
        for info in _raised(each.exception_info or {}):
            info["exception_message"] = redact(str(info.get("exception_message")))
            info["exception_traceback"] = ""
    page = _page_view().render(ValidationResultsPageRenderer().render(result))
    return _REMOTE.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)


@cache
def _page_view() -> "DefaultJinjaPageView":
    """One for all pages: a view compiles its templates, which takes longer than to fill them in."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _hide_values(found: dict[str, object], column: str) -> None:
    """A largest or smallest value may be somebody's; numbers of baselib's own columns are not."""
    value = found.get("observed_value")
    if value is not None and not isinstance(value, int | float) and not column.startswith("_"):
        found["observed_value"] = "…"


def _raised(info: Mapping[str, object]) -> list[dict[str, object]]:
    """Exceptions of a result; GX nests them by metric when a metric raised."""
    nested = [value for value in info.values() if isinstance(value, dict)]
    return nested or ([info] if isinstance(info, dict) and info.get("raised_exception") else [])


def _row(subject: Path) -> str:
    runs = []
    for run in sorted(_folders(subject), reverse=True):
        pages = sorted(run.glob("*.html"))
        links = " · ".join(
            f'<a href="{escape(f"{subject.name}/{run.name}/{page.name}")}">{escape(page.stem)}</a>'
            for page in pages
        )
        runs.append(f"<b>{escape(run.name)}</b> {links}")
    return f"<tr><td>{escape(subject.name)}<td>{'<br>'.join(runs)}</tr>"


def _folders(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if each.is_dir()] if path.is_dir() else []


def _replace(target: Path, text: str) -> None:
    """A reader never sees half a page."""
    draft = target.with_name(f".{uuid4().hex}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)
