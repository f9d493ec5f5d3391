"""Disputes as they are typed: raised, listed, answered and withdrawn with ``baselib dispute``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from pipelines.cli.main import main
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate

BY, OWNER = "示范市民政局 社会救助科", "示范市公安局 户政科"
ABOUT = ("--entity", "P-a", "--column", "person_name", "--reason", "户口簿上的用字不同")
Baselib = Callable[..., tuple[int, str, str]]


@pytest.fixture
def engine(settings: Settings):
    """One published person with two values, both of the police."""
    migrate(settings)
    made = connect(settings)
    with made.begin() as connection:
        for statement in (
            "INSERT INTO base.person (entity_id, person_name, person_name_record, mobile,"
            " mobile_record) VALUES ('P-a', '张三', 1, '13800000000', 1)",
            "INSERT INTO base.person_source (entity_id, record_no, source, source_key)"
            " VALUES ('P-a', 1, 'public_security__people', 'K-1')",
        ):
            connection.execute(text(statement))
    yield made
    made.dispose()


@pytest.fixture
def baselib(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys) -> Baselib:
    """The command line, in this process; exit code and what it said."""
    assert settings.database_url is not None
    monkeypatch.setenv("BASELIB_HOME", str(settings.home))
    monkeypatch.setenv("BASELIB_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("BASELIB_TODAY", "2026-06-01")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["baselib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def marked(engine: Engine) -> list[tuple[str, int]]:
    """What every reader of the shared view sees."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE share_reader"))
        rows = connection.execute(text("SELECT column_name, disputes FROM share.person_dispute"))
        return sorted(tuple(row) for row in rows)


@pytest.mark.parametrize("how", ["corrected", "confirmed"])
def test_a_dispute_is_raised_listed_and_answered(engine: Engine, baselib: Baselib, how: str):
    code, said, _ = baselib("dispute", *ABOUT, "--by", BY)
    assert (code, said) == (
        0,
        "dispute 1: P-a person_name, for public_security__people to answer by 2026-06-15\n",
    )
    assert baselib("dispute", *ABOUT, "--by", BY)[1].endswith("(was raised before)\n")
    assert marked(engine) == [("person_name", 1)]
    _, listed, _ = baselib("dispute", "list")
    for told in ("P-a", "person_name", BY, "public_security__people", "2026-06-15", "open"):
        assert told in listed
    assert "张三" not in listed
    answer = ("dispute", "answer", "1", "--how", how, "--note", "已核对底册", "--by", OWNER)
    assert baselib(*answer)[0] == 0
    assert marked(engine) == []
    assert "P-a" not in baselib("dispute", "list")[1]
    assert how in baselib("dispute", "list", "--all")[1]
    code, _, refused = baselib(*answer)
    assert (code, "not open" in refused) == (2, True)


def test_whoever_raised_it_may_take_it_back(engine: Engine, baselib: Baselib):
    baselib("dispute", *ABOUT, "--by", BY)
    back = ("dispute", "withdraw", "1", "--note", "看错了", "--by", BY)
    assert baselib(*back)[0] == 0
    assert marked(engine) == []
    with engine.connect() as connection:
        told = connection.execute(text("SELECT kind, who, note FROM quality.dispute_event"))
        assert [tuple(row) for row in told] == [
            ("raised", BY, ABOUT[-1]),
            ("withdrawn", BY, "看错了"),
        ]


def test_a_file_of_doubts_is_taken_whole_or_not_at_all(
    engine: Engine, baselib: Baselib, tmp_path: Path
):
    file = tmp_path / "doubts.csv"
    rows = ["entity_id,column,reason", "P-a,person_name,用字不同", "P-a,mobile,是空号"]
    file.write_text("\n".join([*rows, "P-none,person_name,查无此人"]), encoding="utf-8")
    code, _, refused = baselib("dispute", "--file", file, "--by", BY)
    assert (code, "No library knows" in refused) == (2, True)
    assert marked(engine) == []
    file.write_text("\n".join(rows), encoding="utf-8")
    assert baselib("dispute", "--file", file, "--by", BY)[0] == 0
    assert marked(engine) == [("mobile", 1), ("person_name", 1)]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("dispute", *ABOUT), "Give --by"),
        (("dispute", "--by", BY), "either --file or --entity"),
        (("dispute", "answer", "7", "--how", "confirmed", "--note", "x", "--by", BY), "7"),
        (("dispute", "answer", "1", "--how", "maybe", "--note", "x", "--by", BY), "corrected"),
        (("dispute", "answer", "1", "--how", "confirmed", "--note", " ", "--by", BY), "--note"),
    ],
)
def test_what_cannot_be_is_said_with_the_remedy(
    engine: Engine, baselib: Baselib, arguments: tuple[str, ...], problem: str
):
    code, _, refused = baselib(*arguments)
    assert (code, problem in refused) == (2, True)
    assert "Traceback" not in refused
