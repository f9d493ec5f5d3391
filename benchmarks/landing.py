"""``python -m benchmarks.landing``: landing delimited text beside DuckDB's own reading of UTF-8.

One made-up delivery, once in UTF-8 and once in GB18030: DuckDB reads the UTF-8 and writes Parquet,
as landing does (and, apart, only reads); baselib lands both. The best of several turns counts, the
turns of all take place by turns. ``of reading`` is of the processor time that DuckDB takes to read
and not to write.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time

import duckdb

from benchmarks.machine import this_machine
from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.extract.limits import STANDARD
from pipelines.extract.reading import MANIFEST, read_landed

BATCH = "20260630"
HEADER = "编号,姓名,身份证号,性别,民族,出生日期,户籍地址,手机号码,婚姻状况,更新时间"
GOALS = {"UTF-8": 0.60, "GB18030": 0.35}
_NAMES = ("张伟", "王秀英", "欧阳娜娜", "李喆", "买买提·吐尔逊", "赵小明", "钱多多")
_STREETS = ("东湖区长青街道明月路", "西山区桂花巷", "高新区软件大道", "南湖镇东风村")


@dataclass(frozen=True)
class Took:
    """Seconds of the clock and of all cores."""

    clock: float
    cpu: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    machine = this_machine()
    print(
        f"{machine.cores} cores, {machine.memory_gib} GiB, load {machine.load}; {given.rows:,} rows"
    )
    with tempfile.TemporaryDirectory(prefix="baselib-landing-") as folder:
        took = _measured(Path(folder), given.rows, given.turns)
    floor, reading = took["DuckDB, to Parquet"], took["DuckDB, reading only"]
    titles = f"{'rows/s':>12}{'of clock':>10}{'of CPU':>8}{'of reading':>12}{'goal':>7}"
    print(f"{'':<22}{'clock':>8}{'CPU':>8}{titles}")
    for name, each in took.items():
        goal = GOALS.get(name.partition(" ")[0])
        print(
            f"{name:<22}{each.clock:>7.2f}s{each.cpu:>7.2f}s{given.rows / each.clock:>12,.0f}"
            f"{floor.clock / each.clock:>10.0%}{floor.cpu / each.cpu:>8.0%}"
            f"{reading.cpu / each.cpu:>12.0%}{f'{goal:.0%}' if goal else '':>7}"
        )


def _measured(folder: Path, rows: int, turns: int) -> dict[str, Took]:
    utf8, gb18030 = _written(folder, rows)
    out = str(folder / "floor.parquet")
    con = duckdb.connect()
    jobs: dict[str, Callable[[], object]] = {
        "DuckDB, to Parquet": lambda: _duckdb(con, utf8).write_parquet(
            str(out), compression="zstd"
        ),
        "DuckDB, reading only": lambda: _duckdb(con, utf8).aggregate("max(columns(*))").fetchall(),
        "UTF-8 landed": lambda: _landed(folder, utf8, "utf-8"),
        "GB18030 landed": lambda: _landed(folder, gb18030, "gb18030"),
    }
    best: dict[str, Took] = {}
    for _ in range(turns):
        for name, job in jobs.items():
            took = _timed(job)
            before = best.get(name, took)
            best[name] = Took(min(before.clock, took.clock), min(before.cpu, took.cpu))
    return best


def _timed(job: Callable[[], object]) -> Took:
    clock, cpu = perf_counter(), process_time()
    job()
    return Took(perf_counter() - clock, process_time() - cpu)


def _written(folder: Path, rows: int) -> tuple[Path, Path]:
    """The delivery in UTF-8 and in GB18030, each in a landing folder of its own."""
    files = []
    for encoding in ("utf-8", "gb18030"):
        landed = folder / encoding
        landed.mkdir()
        (landed / MANIFEST).write_text('{"watermark": null}', encoding="utf-8")
        files.append(landed / "in.csv")
        with files[-1].open("w", encoding=encoding, newline="") as out:
            out.write(HEADER + "\r\n")
            out.writelines(_line(number) for number in range(rows))
    return files[0], files[1]


def _line(n: int) -> str:
    name, street = _NAMES[n % len(_NAMES)], _STREETS[n % len(_STREETS)]
    born = f"{1940 + n % 80}-{n % 12 + 1:02}-{n % 28 + 1:02}"
    return (
        f"R{n:08},{name},130699{born.replace('-', '')}{n % 1000:03}X,{n % 2 + 1},01,{born},"
        f"示范省云州市{street}{n % 400}号{n % 30}栋{n % 900}室,139{n % 100000000:08},10,"
        f"2026-06-{n % 28 + 1:02} 08:00:00\r\n"
    )


def _duckdb(con: duckdb.DuckDBPyConnection, file: Path) -> duckdb.DuckDBPyRelation:
    return con.read_csv(str(file), header=True, all_varchar=True, delimiter=",", quotechar='"')


def _landed(folder: Path, file: Path, encoding: str) -> int:
    source = replace(_SOURCE, server=replace(_SOURCE.server, encoding=encoding))
    delivery = read_landed(source, BATCH, file.parent, folder / "scratch", encoding, STANDARD)
    for path in delivery.parquet_paths:
        path.unlink()
    return delivery.rows


_SOURCE = Source(
    name="public_security__people", title="人口", library="population", file=Path("people.yml"),
    server=Server(kind="file", format="csv", location="unset"),
    columns=tuple(
        SourceColumn(f"c{n}", name, primary_key=n == 0) for n, name in enumerate(HEADER.split(","))
    ),
    owner=Owner("示范市公安局", "", ()), delivery="snapshot", schedule=None,
    frequency=timedelta(days=1),
)  # fmt: skip


if __name__ == "__main__":
    main()
