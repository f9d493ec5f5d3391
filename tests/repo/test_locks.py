"""The lock files hold everything that pyproject.toml asks for, each archive by its hashes."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = DECLARED["optional-dependencies"]
LOCKS = {
    "requirements.txt": [],
    "requirements-dev.txt": EXTRAS["dev"],
    "requirements-spark.txt": EXTRAS["spark"],
    "requirements-celery.txt": EXTRAS["celery"],
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def locked(lock: str) -> dict[str, str]:
    """Package to the text of its entry: version, marker and hashes."""
    text = (PROJECT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    return {normal(entry): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_every_declared_package_at_an_allowed_version(lock):
    packages = locked(lock)
    for wanted in [*DECLARED["dependencies"], *LOCKS[lock]]:
        entry = packages.get(normal(wanted))
        assert entry, f"{lock} lacks {wanted}; run make lock"
        if "==" in wanted:
            assert f"=={wanted.split('==')[1]}" in entry.splitlines()[0], f"{lock}: {wanted}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_archive_is_known_by_its_hash(lock):
    for name, entry in locked(lock).items():
        assert re.match(r"\S+==\S+", entry), f"{lock}: {name} is not pinned"
        assert "--hash=sha256:" in entry, f"{lock}: {name} has no hash"


@pytest.mark.parametrize("lock", list(LOCKS)[1:])
def test_the_other_locks_contain_the_one_that_runs(lock):
    def versions(name: str) -> dict[str, str]:
        return {package: entry.split()[0] for package, entry in locked(name).items()}

    assert versions("requirements.txt").items() <= versions(lock).items()


def test_spark_is_in_no_lock_but_its_own():
    assert "pyspark" not in locked("requirements.txt")
    assert "pyspark" not in locked("requirements-dev.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock):
    assert "://" not in re.sub(r"#.*", "", (PROJECT / lock).read_text(encoding="utf-8"))
