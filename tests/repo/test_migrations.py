"""The migrations are one chain, and from 0007 on they are numbered in its order."""

import re

from alembic.config import Config
from alembic.script import ScriptDirectory

from pipelines.warehouse.migrations import SCRIPTS

# Several came at once from several hands; who has run them knows them by these numbers.
OUT_OF_ORDER = ["0001", "0004", "0002", "0006", "0005", "0003"]


def chain() -> list[str]:
    """Revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_heads()) == 1, "name the last migration as your down_revision"
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_the_chain_is_numbered_in_its_order():
    revisions = chain()
    first = len(OUT_OF_ORDER)
    assert revisions[:first] == OUT_OF_ORDER, "what has run somewhere is never edited"
    numbered = [f"{n:04}" for n in range(first + 1, len(revisions) + 1)]
    assert revisions[first:] == numbered, "a new number is one more than the highest before it"


def test_a_file_has_the_number_of_its_revision():
    files = sorted(file.name for file in (SCRIPTS / "versions").glob("*.py"))
    assert [re.match(r"\d{4}(?=_)", file)[0] for file in files] == sorted(chain())
