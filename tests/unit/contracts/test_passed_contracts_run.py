"""Whatever ``sources check`` passes can run: random contracts over a small file, tried for real."""

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.contracts import check_sources, load_source
from pipelines.errors import DeliveryUnfinished, MissingColumn, RowsMissing, UnreadableDelivery
from pipelines.flows.source.trial import Trial, try_sample
from pipelines.libraries import load_libraries
from pipelines.settings import load_settings
from pipelines.standards.elements import load_elements

NAME = "health__random"
DELIVERED = ["编号", "XM", "日期", "金额(万元)", "备注", "_line", "findings", "select"]
CELLS = [
    *("", " ", "1", "A-1", "张三", "无", "NULL", "2026-06-30", "31/12/2026", "20260230", "1.5万元"),
    *("11010519491231002X", "91350100M000100Y43", "13900001234", "男", "\\N", "9" * 40),
    *("x" * 300, "2026-06-30 12:00:00", "12,5", "'0012", '="007"', "é\u3000"),
]  # fmt: skip
NAMES = [
    "source_key",
    "changed_at",
    "a",
    "value",
    "select",
    "order_",
    "x1",
    "birth_date_type",
    "type",
]
OPTIONS = {
    "unit": ["万元", "万美元", "公里"],
    "currency": ["USD", "CNY", "XXX"],
    "decimal_mark": [",", "."],
    "thousands_mark": [".", "", " "],
    "date_order": ["dmy", "mdy", "ymd"],
    "encoding": ["gbk", "utf-8"],
}
SERVER_OPTIONS = {
    "quote": ["none", "'", '"'],
    "header_row": [0, 1, 2],
    "header_rows": [1, 2],
    "min_rows": [1, 100],
    "count_line": ["共{rows}条", "*{rows}"],
    "settle_minutes": [1],
}


def custom(chance: random.Random, options: dict[str, list], likely: float) -> list[dict]:
    chosen = [name for name in options if chance.random() < likely]
    return [{"property": name, "value": chance.choice(options[name])} for name in chosen]


def column(chance: random.Random, library: str, physical: str) -> dict:
    """Any element under any name; of a golden column, as a rule, the element that it has."""
    golden = load_libraries()[library].columns
    elsewhere = [name for each in load_libraries().values() for name in each.columns]
    name = chance.choice([*golden, *golden, *elsewhere, *NAMES])
    element = chance.choice([None, *load_elements()])
    if name in golden and chance.random() < 0.9:
        element = golden[name].element_name
    made = {"name": name, "physicalName": physical, "semanticType": element}
    made |= {"required": chance.random() < 0.3, "primaryKey": chance.random() < 0.3}
    if options := custom(chance, OPTIONS, 0.05):
        made["customProperties"] = options
    return {key: value for key, value in made.items() if value is not None}


def _without_repeats(columns: list[dict]) -> list[dict]:
    """Without a second column of an element that can be there once."""
    once = {each.name for each in load_elements().values() if not each.repeatable}
    kept, seen = [], set()
    for each in columns:
        element = each.get("semanticType")
        if element not in seen or element not in once:
            kept.append(each)
        seen.add(element)
    return kept


def contract(chance: random.Random, path: str) -> dict:
    library = chance.choice(sorted(load_libraries()))
    physical = chance.sample(DELIVERED, chance.randint(2, len(DELIVERED)))
    made = [column(chance, library, each) for each in physical]
    columns = list({each["name"]: each for each in made}.values())  # most names are there once
    if chance.random() < 0.9:
        columns = _without_repeats(columns)
        columns[0]["primaryKey"] = True
    table = [{"property": "delivery", "value": chance.choice(["snapshot", "delta"])}]
    times = [c["name"] for c in columns if c.get("semanticType") in ("date", "timestamp")]
    if times and chance.random() < 0.5:
        table.append({"property": "changed_at", "value": chance.choice(times)})
    server = {"server": "production", "type": "local", "path": path, "format": "csv",
              "encoding": chance.choice(["utf-8", "auto", "gb18030"])}  # fmt: skip
    if options := custom(chance, SERVER_OPTIONS, 0.07):
        server["customProperties"] = options
    return {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": NAME, "name": "随机",
        "version": "1.0.0", "status": "active", "domain": library, "tenant": "示范市",
        "servers": [server],
        "schema": [{"name": "random", "customProperties": table, "properties": columns}],
        "team": {"members": [{"username": "a@example.gov.cn", "role": "data owner"}]},
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
    }  # fmt: skip


def delivery(chance: random.Random, file: Path) -> Path:
    rows = [[chance.choice(CELLS) for _ in DELIVERED] for _ in range(chance.randint(0, 6))]
    lines = [DELIVERED, *rows]
    text = "\n".join(",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in row) for row in lines)
    file.write_text(text + "\n", "utf-8")
    return file


def run_what_passes(seed: int, folder: Path) -> str:
    """What became of a random contract: refused, an error of ours, or a trial."""
    chance = random.Random(seed)
    made = contract(chance, "in_{batch}.csv")
    (folder / f"{NAME}.yml").write_text(yaml.safe_dump(made, allow_unicode=True), "utf-8")
    settings = load_settings(home=folder / "home", sources=[folder])
    if check_sources(settings):
        return "refused"
    sample = delivery(chance, folder / "in_20260630.csv")
    try:
        trial = try_sample(settings, load_source(settings, NAME), sample, "20260630")
    except (UnreadableDelivery, MissingColumn, RowsMissing, DeliveryUnfinished) as told:
        return type(told).__name__
    assert isinstance(trial, Trial)
    assert trial.landed == trial.staged + trial.superseded + trial.quarantined
    return "tried"


@hypothesis_settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_contract_that_passes_runs(tmp_path_factory, seed):
    run_what_passes(seed, tmp_path_factory.mktemp("contract"))


@pytest.mark.slow
def test_hundreds_of_contracts_that_pass_run(tmp_path_factory):
    outcomes = [run_what_passes(n, tmp_path_factory.mktemp("contract")) for n in range(1000)]
    assert outcomes.count("tried") > 100
