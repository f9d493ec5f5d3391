"""generate() gives the same bytes each time, knows the truth, and agrees with the contracts."""

import csv
import gzip
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.demo.deliveries import writers
from pipelines.demo.deliveries.feed import deliver
from pipelines.demo.deliveries.population import scrambled
from pipelines.demo.generate import FEEDS, generate
from pipelines.demo.world.city import make_city

from .oracles import citizen_id_is_valid

ROOT = Path(__file__).parents[3]
PERSONS = 200


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("city"), PERSONS, seed=1)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The folder after two deliveries, the summary of the second, and the truth before it."""
    out = tmp_path_factory.mktemp("two")
    one = generate(out, 2000, seed=1)
    before = pq.read_table(one.truth["person"]).to_pylist()
    return out, generate(out, 2000, seed=1, batch="20260701"), before


def truth(city, entity: str) -> dict[tuple[str, str], str]:
    rows = pq.read_table(city.truth[entity]).to_pylist()
    return {(row["source"], row["source_key"]): row["true_entity"] for row in rows}


def register(out: Path, batch: str) -> list[list[str]]:
    """Good lines of the household register."""
    data = (out / "public_security" / f"ga_hukou_{batch}.csv").read_bytes()
    text = data.decode("gb18030", errors="replace")
    return [line for line in csv.reader(text.splitlines()[1:]) if len(line) == 11]


SCRIPT = """
import sys
from pathlib import Path
from pipelines.demo.generate import generate
generate(Path(sys.argv[1]), int(sys.argv[2]), seed=1)
"""


def test_the_same_arguments_give_the_same_bytes_wherever_and_whenever(first, tmp_path):
    """Another process, hash seed, time zone and locale."""
    strange = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(PERSONS)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | strange)
    assert digests(tmp_path) == digests(first.out)


def test_a_second_run_over_the_first_changes_nothing(first):
    before = digests(first.out)
    generate(first.out, PERSONS, seed=1)
    assert digests(first.out) == before


def test_every_feed_delivers_and_is_counted(first):
    assert list(first.records) == [feed.source for feed in FEEDS]
    assert min(first.records.values()) > 0
    assert first.persons == PERSONS


def test_the_truth_names_each_record_once_and_only_records_that_were_delivered(first):
    for entity in ("person", "legal_entity", "license"):
        rows = pq.read_table(first.truth[entity])
        assert rows.column_names == ["source", "source_key", "true_entity"]
        assert len(truth(first, entity)) == len(rows) > 0
        for feed in FEEDS:
            usable = sum(source == feed.source for source in rows["source"].to_pylist())
            assert usable <= first.records[feed.source]


def test_all_records_of_one_person_carry_his_number_unless_it_was_spoiled(first):
    entities = truth(first, "person")
    by_entity: dict[str, set[str]] = {}
    out = first.out
    for line in register(out, "20260630"):
        entity = entities.get(("public_security__household_registration", line[0]))
        by_entity.setdefault(str(entity), set()).add(line[1])
    same = other = 0
    insured = (out / "human_resources" / "shebao_20260630.txt").read_text(encoding="utf-8")
    for line in csv.reader(insured.splitlines()[1:], delimiter="|"):
        entity = entities.get(("human_resources__social_insurance", line[0]))
        if entity in by_entity and line[1]:
            same += line[1] in by_entity[entity]
            other += line[1] not in by_entity[entity]
    assert same > 9 * other > 0 or (other == 0 and same > 50)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.source)
def test_a_feed_delivers_what_its_contract_maps(feed, first):
    (file,) = (ROOT / "sources").rglob(f"{feed.source}.yml")
    contract = yaml.safe_load(file.read_text(encoding="utf-8"))
    columns = contract["schema"][0]["properties"]
    mapped = {c["physicalName"]: c["semanticType"] for c in columns if "semanticType" in c}
    assert mapped == feed.elements
    keys = tuple(c["physicalName"] for c in columns if c.get("primaryKey"))
    assert keys == feed.key
    assert {c["physicalName"] for c in columns} <= set(header(feed, first.out))


def header(feed, out: Path) -> list[str]:
    path = out / feed.file.format(batch="20260630")
    if path.suffix == ".db":
        table = {"jkda.db": "T_GRJKDA", "nsr.db": "DJ_NSRXX"}[path.name]
        with sqlite3.connect(path) as connection:
            return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names)
    if path.suffix == ".jsonl":
        lines = path.read_text(encoding="utf-8").splitlines()
        return list({name: None for line in lines for name in json.loads(line)})
    if path.suffix == ".xlsx":
        part = path.with_stem(f"{path.stem}_1")
        rows = openpyxl.load_workbook(part, read_only=True).active.iter_rows(values_only=True)
        return next([str(cell) for cell in row] for row in rows if row[1])
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    encodings = {"jzyzz": "utf-16", "scztxx": "utf-8-sig", "zyzz": "gb18030", "ga": "gb18030"}
    encoding = encodings.get(path.name.split("_")[0], "utf-8")
    line = data.decode(encoding, errors="replace").splitlines()[0]
    return line.replace("|", ",").replace(";", ",").replace("\t", ",").split(",")


def test_a_workbook_that_is_full_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "XLSX_ROWS_PER_FILE", 3)  # title, header, two records
    writer = writers.XlsxWriter(tmp_path / "w_b.xlsx", sheet="页", title="表")
    writer.write({"a": pa.array(["1", "2", "3"])}, np.random.default_rng(1))
    writer.close()
    parts = sorted(tmp_path.iterdir())
    assert [part.name for part in parts] == ["w_b_1.xlsx", "w_b_2.xlsx"]
    rows = [
        row[0]
        for part in parts
        for row in openpyxl.load_workbook(part).active.iter_rows(values_only=True)
    ]
    assert [row for row in rows if row not in {"表", "a"}] == ["1", "2", "3"]


def test_files_of_a_larger_city_do_not_stay(tmp_path):
    left = tmp_path / "civil_affairs" / "hunyin_20260630_7.xlsx"
    left.parent.mkdir()
    left.write_bytes(b"")
    generate(tmp_path, 60, seed=1)
    assert not left.exists()


def test_the_second_delivery_is_of_the_daily_feeds_only(both):
    out, second, _ = both
    assert set(second.records) == {feed.source for feed in FEEDS if feed.daily}
    assert not (out / "market_regulation" / "scztxx_20260701.csv").exists()


def test_the_second_register_differs_in_about_one_percent(both):
    out, _, _ = both
    before = {tuple(line) for line in register(out, "20260630")}
    after = {tuple(line) for line in register(out, "20260701")}
    changed = len(after - before) / len(after)
    assert 0.004 < changed < 0.025


def test_records_that_were_amended_have_no_errors_left(both):
    out, _, _ = both
    before = {line[0]: line for line in register(out, "20260630") if line[0]}
    amended = [
        (before[line[0]], line)
        for line in register(out, "20260701")
        if line[10] == "2026-06-30 17:30:00" and line[0] in before
    ]
    assert amended
    assert all(citizen_id_is_valid(new[1]) for _, new in amended)


def test_children_who_were_born_lately_are_only_in_the_second_register(tmp_path):
    feed = FEEDS[0]
    keys = []
    for batch in ("20260630", "20260701"):
        city = make_city(10_000, 3, batch)
        list(deliver(feed, city, tmp_path, Counter()))
        keys.append({line[0] for line in register(tmp_path, batch)})
    newborn = set(scrambled("HJ", city.newborn).to_pylist())
    assert newborn
    assert newborn <= keys[1]
    assert not newborn & keys[0]


def test_the_second_batch_of_changes_has_other_events(both):
    out, _, _ = both

    def keys(batch: str) -> set[bytes]:
        data = (out / "public_security" / f"ga_biandong_{batch}.csv").read_bytes()
        return {line.split(b",")[0] for line in data.splitlines()[1:]} - {b""}

    assert len(keys("20260701")) >= 5
    assert not keys("20260630") & keys("20260701")


def test_the_truth_of_the_second_batch_keeps_that_of_the_first(both):
    _, second, before = both
    after = pq.read_table(second.truth["person"]).to_pylist()
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_the_second_batch_again_changes_nothing(both):
    out, _, _ = both
    digest = digests(out)
    generate(out, 2000, seed=1, batch="20260701")
    assert digests(out) == digest
