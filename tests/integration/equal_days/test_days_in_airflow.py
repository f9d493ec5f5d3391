"""Days as the tasks of Airflow live them: what ends, what goes on, and what is told."""

from two_cities import SOURCES, City, person

from pipelines import flows
from pipelines.contracts import load_sources
from pipelines.warehouse import connect, read_publications

SOURCE, _ = SOURCES
INGEST = ("land", "stage", "check", "score", "track", "report_stopped")
LIBRARY = (
    *("resolve_if_changed", "merge", "check_library", "publish", "compare", "score_library"),
    "report_library",
)


def day_in_airflow(city: City, batch: str, skipping: str = "") -> list[str]:
    """One run of every DAG, in order; answers which tasks had to run. One may be left out."""
    ran = []

    def run_dag(verbs, about) -> None:
        following = list(verbs)
        while following:
            name = following.pop(0)
            if name == skipping:
                continue
            ran.append(f"{name} {getattr(about[0], 'name', about[0])}")
            told = getattr(flows, name)(city.settings, *about)
            if getattr(told, "unchanged", False):
                following = [verb for verb in following if verb in getattr(told, "goes_on", ())]

    run_dag(INGEST, (load_sources(city.settings)[SOURCE], batch))
    run_dag(LIBRARY, ("population", f"{batch}T060000"))
    return ran


def mails(city: City) -> int:
    return len(list(city.settings.outbox_dir.glob("*.eml")))


def publications(city: City) -> int:
    engine = connect(city.settings)
    try:
        return len(read_publications(engine, "population"))
    finally:
        engine.dispose()


def test_a_day_without_news_is_one_task_a_source_and_one_a_library(new_city):
    city, rows = new_city("airflow"), [person(number) for number in range(1, 6)]
    city.deliver(SOURCE, "20260301", rows)
    nobody_heard = day_in_airflow(city, "20260301", skipping="report_library")
    assert "publish population" in nobody_heard

    # The run was not followed to its end: the batch is taken again, and its owner hears of it.
    again = day_in_airflow(city, "20260301")
    assert f"stage {SOURCE}" in again
    assert again[-2:] == ["resolve_if_changed population", "report_library population"]
    assert mails(city) == 1

    city.deliver(SOURCE, "20260302", rows)
    before = publications(city)
    ran = day_in_airflow(city, "20260302")
    assert ran == [f"land {SOURCE}", "resolve_if_changed population"]
    assert (publications(city), mails(city)) == (before, 1)
