"""The onboarding package (共享对接): catalogue, mount file, interfaces, status, ``up_*`` rows."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.csv

from pipelines.batch import CHINA, batch_date
from pipelines.flows.governance.catalogue import derive_catalogue, latest_scores, today_of
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.governance.onboarding.sheets import (
    Live,
    interface_table,
    mount_table,
    registration_table,
    status_table,
)
from pipelines.governance.onboarding.upward import field_table, upward_rows, upward_tables
from pipelines.governance.resources.further import read_granted_views
from pipelines.governance.tables import OutputTable, write_table
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_batches, read_publications
from pipelines.warehouse.quality.audit_events import Event, note_event

MANIFEST = "manifest.json"


def live_resources(settings: Settings) -> Mapping[str, Live]:
    """What is there of each entry, by origin: last batch, last publication, last edition.

    Raises:
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    engine = connect(settings)
    try:
        batches, publications = read_batches(engine), read_publications(engine)
    finally:
        engine.dispose()
    scores = latest_scores(settings)
    live = {}
    for each in batches:
        if each.landed:
            origin = f"source {each.source}"
            day = batch_date(each.batch).isoformat()
            live[origin] = Live(day, each.landed, scores.get(origin))
    entities = {each.name: each.entity for each in load_libraries().values()}
    for done in publications:
        origin, entity = f"library {done.library}", entities.get(done.library, "")
        if entity in done.row_counts:
            day = done.published_at.astimezone(CHINA).date().isoformat()
            live[origin] = Live(day, done.row_counts[entity], scores.get(origin))
    for view in read_granted_views(settings.grants):  # there as soon as its library is
        if f"library {view.library}" in live:
            live[f"grant {view.name}"] = live[f"library {view.library}"]
    for folder in sorted((settings.home / "open_data").glob("*/[0-9]*")):
        rows = len(json.loads((folder / "data.json").read_text(encoding="utf-8")))
        told = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        edition = f"第 {int(folder.name)} 版"
        live[f"open {folder.parent.name}"] = Live(told["created"], rows, edition=edition)
    return live


def onboarding_tables(
    settings: Settings, openapi: Mapping[str, Any], base: str
) -> Mapping[str, OutputTable]:
    """The sheets by file stem."""
    catalogue, live = derive_catalogue(settings), live_resources(settings)
    declared = catalogue.declared
    provider = declared.departments[declared.provider_of_libraries].title
    return {
        "mount": mount_table(catalogue.entries, live, base),
        "interfaces": interface_table(openapi, base, provider),
        "status": status_table(catalogue.entries, live, today_of(settings).isoformat()),
        "registration": registration_table(catalogue.entries, live),
    }


def write_onboarding(
    settings: Settings, folder: Path, openapi: Mapping[str, Any], base: str, data_source: str = ""
) -> Mapping[str, int]:
    """Write the package into a new folder; answers rows by file.

    Args:
        settings: Of the site.
        folder: New; what ``up/`` holds is personal data.
        openapi: Description of the service.
        base: Address of the service as the platform reaches it.
        data_source: Code that the platform gave this site, for ``up_*`` rows.

    Raises:
        FileExistsError: the folder is there already.
    """
    tables = onboarding_tables(settings, openapi, base)
    folder.mkdir(mode=0o700, parents=True)
    rows: dict[str, int] = {}
    for name, table in tables.items():
        rows |= _write_both(table, folder, name)
    (folder / "openapi.json").write_text(
        json.dumps(openapi, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    editions = sorted((settings.home / "catalogue").glob("[0-9]*"))
    if editions:
        shutil.copytree(editions[-1], folder / "catalogue")
    with open_session(settings) as session:
        rows |= _write_upward(session, folder / "up", data_source)
    _write_manifest(folder)
    return rows


def _write_both(table: OutputTable, folder: Path, name: str) -> Mapping[str, int]:
    """As workbook for people and as JSON for machines."""
    for suffix in (".xlsx", ".json"):
        write_table(table, folder / f"{name}{suffix}")
    return {f"{name}{suffix}": len(table.rows) for suffix in (".xlsx", ".json")}


def _write_upward(session: Session, folder: Path, data_source: str) -> Mapping[str, int]:
    """Only tables whose library is published; beside them what each column lacks."""
    rows: dict[str, int] = {}
    written = {}
    batch = f"{today_of(session.settings):%Y%m%d}"
    for name, table in upward_tables().items():
        library = load_libraries()[table.library]
        if not session.lake.has(f"core.{library.entity}"):
            continue
        core = session.lake.read(session.con, f"core.{library.entity}")
        now = moment(session.settings).astimezone(CHINA)
        found = session.con.to_pyarrow(upward_rows(table, core, batch, now, data_source))
        folder.mkdir(mode=0o700, exist_ok=True)
        pyarrow.csv.write_csv(found, folder / f"{name}.csv")
        rows[f"up/{name}.csv"] = found.num_rows
        written[name] = found
    if written:
        with session.warehouse.begin() as connection:
            event = Event("export", "ok", case_no="up_*", rows=sum(rows.values()))
            note_event(connection, event)
        titles = {
            (name, column.name): column.title
            for name, each in load_libraries().items()
            for column in each.columns.values()
        }
        rows |= _write_both(field_table(written, titles), folder.parent, "up_fields")
    return rows


def _write_manifest(folder: Path) -> None:
    """SHA-256 of every file, so that whoever gets the package can check that it is whole."""
    digests = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1), encoding="utf-8")
