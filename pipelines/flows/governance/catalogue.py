"""The resource catalogue of a site: derived, checked, compared with the last edition, published.

Editions stand under ``<home>/catalogue/``, one folder each, written whole or not at all, and are
never changed. What is published is derived anew each time, so it cannot fall behind the contracts.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from pipelines.contracts import load_sources
from pipelines.errors import BaselibError
from pipelines.governance.opendata.declared import read_open_data
from pipelines.governance.resources.declared import (
    CatalogueDeclaration,
    assign_codes,
    read_codes,
    read_declaration,
    write_codes,
)
from pipelines.governance.resources.derive import branches_of, derive_entries
from pipelines.governance.resources.diff import Change, compare_editions
from pipelines.governance.resources.edition import Edition, edition_text, read_edition
from pipelines.governance.resources.entry import Entry
from pipelines.governance.resources.further import (
    derive_further,
    further_branches,
    library_of,
    read_granted_views,
)
from pipelines.governance.resources.harvest import harvest_of
from pipelines.governance.resources.interchange import ckan_of, dcat_of
from pipelines.governance.resources.lint import CatalogueFault, lint
from pipelines.governance.resources.reviews import published_entries, read_reviews
from pipelines.governance.resources.sheet import write_sheet
from pipelines.governance.resources.site import dictionary_page
from pipelines.libraries import libraries_in_order, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.quality.scores import read_scores

CATALOGUE_JSON = "catalogue.json"
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class CatalogueRefused(BaselibError):
    """The catalogue has faults; nothing was published."""

    faults: Sequence[CatalogueFault]

    def __str__(self) -> str:
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{len(self.faults)} fault(s) in the catalogue; nothing was published:\n{lines}"


@dataclass(frozen=True)
class Catalogue:
    """The catalogue as it would be published today, beside the last edition.

    ``derived``: what contracts, libraries and data sets say today. ``entries``: of that, what may
    be published; where a site reviews its entries, those as they were approved.
    """

    declared: CatalogueDeclaration
    entries: Sequence[Entry]
    derived: Sequence[Entry]
    new_codes: Sequence[str]  # origins that would get a code
    last: Edition | None
    faults: Sequence[CatalogueFault]

    @property
    def changes(self) -> Sequence[Change]:
        """Since the last edition."""
        return compare_editions(self.last.entries if self.last else (), self.entries)


def derive_catalogue(settings: Settings) -> Catalogue:
    """The catalogue of today; nothing is written.

    Raises:
        DeclarationRefused: the site's declaration or its codes cannot work.
        ContractsRefused: no contract can be used.
    """
    return _derive(settings)[0]


def _derive(settings: Settings) -> tuple[Catalogue, Mapping[str, str]]:
    sources = [s for s in load_sources(settings).values() if s.status == "active"]
    libraries = libraries_in_order(load_libraries())
    declared = read_declaration(settings.governance)
    data_sets = read_open_data(settings.governance, load_libraries())
    views = read_granted_views(settings.grants)
    branches = {
        **branches_of(sources, libraries, declared),
        **further_branches(data_sets, views, declared),
    }
    codes, new = assign_codes(read_codes(settings.governance), branches)
    last = last_edition(settings)
    today = today_of(settings)
    dated = {each.origin: each.published_on for each in last.entries} if last else {}
    plain = derive_entries(sources, libraries, declared, codes)
    of_library = {name: each for each in plain if (name := library_of(each.origin))}
    further = derive_further(data_sets, views, load_libraries(), of_library, declared, codes)
    derived = [
        replace(each, published_on=each.published_on or dated.get(each.origin, today.isoformat()))
        for each in (*plain, *further)
    ]
    entries = derived
    if declared.review:
        reviews = read_reviews(settings.governance)
        entries = published_entries(derived, last.entries if last else (), reviews)
    return Catalogue(declared, entries, derived, new, last, lint(entries, today)), codes


def publish_catalogue(settings: Settings) -> Path | None:
    """Write an edition: sheet, JSON, DCAT, CKAN, dictionary, and the open part of each.

    Returns:
        Its folder; ``None`` where nothing changed since the last edition.

    Raises:
        CatalogueRefused: it has faults.
        DeclarationRefused: see ``derive_catalogue``.
    """
    catalogue, codes = _derive(settings)
    if catalogue.faults:
        raise CatalogueRefused(catalogue.faults)
    if catalogue.last is not None and not catalogue.changes:
        return None
    if catalogue.new_codes:
        write_codes(settings.governance, codes)
    number = catalogue.last.number + 1 if catalogue.last else 1
    edition = Edition(
        number,
        today_of(settings).isoformat(),
        catalogue.declared.jurisdiction,
        catalogue.entries,
    )
    scores = latest_scores(settings)
    folder = settings.home / "catalogue" / f"{number:04d}"
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        _write(draft, edition, settings.catalogue_uri, scores)
        is_open = [each for each in edition.entries if each.is_open]
        (draft / "open").mkdir()
        opened = replace(edition, entries=is_open)
        _write(draft / "open", opened, settings.catalogue_uri, scores)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _write(folder: Path, edition: Edition, uri: str, scores: Mapping[str, float]) -> None:
    title = f"{edition.jurisdiction}政务信息资源目录（第 {edition.number} 版）"
    (folder / CATALOGUE_JSON).write_text(edition_text(edition), encoding="utf-8")
    write_sheet(folder / "catalogue.xlsx", title, edition.entries)
    dcat = dcat_of(edition.entries, edition.jurisdiction, edition.published_on, uri)
    (folder / "dcat.jsonld").write_text(_json(dcat), encoding="utf-8")
    packages = "".join(f"{_json(ckan_of(each), None)}\n" for each in edition.entries)
    (folder / "ckan.jsonl").write_text(packages, encoding="utf-8")
    harvest = harvest_of(edition.entries, uri)
    (folder / "harvest.json").write_text(_json(harvest), encoding="utf-8")
    page = dictionary_page(edition, title, scores)
    (folder / "index.html").write_text(page, encoding="utf-8")


def latest_scores(settings: Settings) -> Mapping[str, float]:
    """Latest quality score by origin; none where nothing was ever built here.

    Raises:
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    if settings.database_url is None and not (settings.home / "postgres").exists():
        return {}
    engine = connect(settings)
    try:
        return {
            f"{scope} {each.subject}": each.score
            for scope in ("source", "library")
            for each in read_scores(engine, scope=scope)
            if each.score is not None
        }
    finally:
        engine.dispose()


def _json(value: object, indent: int | None = 1) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def last_edition(settings: Settings) -> Edition | None:
    """The newest edition that was published, if any.

    Raises:
        DeclarationRefused: its file was damaged.
    """
    folders = sorted((settings.home / "catalogue").glob("[0-9]*"), key=lambda each: int(each.name))
    return read_edition(folders[-1] / CATALOGUE_JSON) if folders else None


def today_of(settings: Settings) -> date:
    """The day by the clock of the city, unless the settings say which day it is."""
    return settings.today or datetime.now(_SHANGHAI).date()
