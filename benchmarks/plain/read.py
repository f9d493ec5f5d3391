"""Read every delivery with pandas, all columns as text, under the names of the contract."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pandas as pd

from pipelines.contracts.source import Server, Source
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.extract.connections.files import find_files


def read(source: Source) -> pd.DataFrame:
    """The mapped columns of a delivery, empty text where a value is missing.

    Lines with too many fields are skipped and undecodable bytes replaced, as one does.
    """
    server = source.server
    if server.kind == "file":
        reader = _READERS[server.format]
        frame = pd.concat([reader(file, source) for file in find_files(source, FIRST_BATCH)])
    else:
        frame = _read_table(server) if server.kind == "database" else _read_pages(server)
    names = {column.physical_name: column.name for column in source.columns}
    return frame.reindex(columns=list(names)).rename(columns=names).fillna("").astype(str)


def _read_csv(file: Path, source: Source) -> pd.DataFrame:
    return pd.read_csv(
        file,
        sep=source.server.delimiter,
        encoding=source.server.encoding,
        dtype=str,
        keep_default_na=False,
        on_bad_lines="skip",
        encoding_errors="replace",
    )


def _read_xlsx(file: Path, source: Source) -> pd.DataFrame:
    sheet = pd.read_excel(file, dtype=str, header=None)
    known = {column.physical_name for column in source.columns}
    header = next(place for place, row in enumerate(sheet.head().to_numpy()) if known <= {*row})
    frame = sheet.iloc[header + 1 :]
    return frame.set_axis(sheet.iloc[header].to_list(), axis="columns")


def _read_jsonl(file: Path, _source: Source) -> pd.DataFrame:
    return pd.read_json(file, lines=True, dtype=False)


def _read_parquet(file: Path, _source: Source) -> pd.DataFrame:
    return pd.read_parquet(file)


_READERS: Mapping[str, Callable[[Path, Source], pd.DataFrame]] = {
    "csv": _read_csv,
    "xlsx": _read_xlsx,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}


def _read_table(server: Server) -> pd.DataFrame:
    return pd.read_sql(f'SELECT * FROM "{server.table}"', server.location)


def _read_pages(server: Server) -> pd.DataFrame:
    address = os.path.expandvars(server.location).replace("{batch}", FIRST_BATCH)
    token = os.environ[f"BASELIB_SECRET_{server.secret}"]
    records: list[dict[str, str]] = []
    page: str | None = "1"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        while page:
            url = httpx.URL(address).copy_set_param(server.page_parameter, page)
            answer = client.get(url).raise_for_status().json()["data"]
            records += answer["list"]
            page = answer["nextPage"]
    return pd.DataFrame(records)
