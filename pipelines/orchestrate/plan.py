"""What has to run, and what the runs so far call for: decided here, done in ``run.py``.

Everything is a function of the runs that Airflow reports, so it is tested without one.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.contracts.source import Source
from pipelines.libraries import Library, libraries_in_order
from pipelines.orchestrate.client import AWAITS_PEOPLE, DagRun, TaskRun

REPORTS = "quality_reports"
INGEST_TASKS, LIBRARY_TASKS = 7, 9
_WRITES_MAIL = ("report_stopped", "report_library")
# Asset events reach the scheduler within two of its rounds; a minute means they never will.
_GRACE = timedelta(seconds=60)


@dataclass(frozen=True)
class Plan:
    """DAG ids: one ingest per source, and for every library what must have ended before it."""

    ingests: Sequence[str]
    libraries: Mapping[str, Set[str]]

    @property
    def dag_ids(self) -> set[str]:
        """All DAGs that take part."""
        return {*self.ingests, *self.libraries, REPORTS}

    @property
    def task_count(self) -> int:
        """Tasks of a complete run, the delivery of reports counted once."""
        return INGEST_TASKS * len(self.ingests) + LIBRARY_TASKS * len(self.libraries) + 1


def make_plan(sources: Iterable[Source], libraries: Iterable[Library]) -> Plan:
    """The plan for these sources; a library that none of them feeds has no part in it.

    The DAGs of the same names are made in ``dags/`` from the same declarations.
    """
    building = libraries_in_order({library.name: library for library in libraries})
    order = [library.name for library in building]
    declared = sorted(sources, key=lambda source: order.index(source.library))
    fed = {source.library for source in declared}
    building = [library for library in building if library.name in fed]
    return Plan(
        ingests=[f"ingest__{source.name}" for source in declared],
        libraries={
            f"library__{library.name}": {
                *(f"ingest__{each.name}" for each in declared if each.library == library.name),
                *(f"library__{link.library}" for link in library.links if link.library in fed),
            }
            for library in building
        },
    )


def of_plan(plan: Plan, runs: Iterable[DagRun]) -> list[DagRun]:
    """The runs that are ours: not those that a timetable happened to start meanwhile."""
    return [run for run in runs if run.dag_id in plan.dag_ids and run.kind != "scheduled"]


def tasks_of(runs: Iterable[DagRun], tasks: Iterable[TaskRun]) -> list[TaskRun]:
    """The tasks of these runs alone."""
    names = {(run.dag_id, run.run_id) for run in runs}
    return [task for task in tasks if (task.dag_id, task.run_id) in names]


def stopped_for_people(runs: Iterable[DagRun], tasks: Iterable[TaskRun]) -> list[DagRun]:
    """The same runs; one whose task asks a person has come as far as it can without him."""
    asking = {(task.dag_id, task.run_id) for task in tasks if task.state == AWAITS_PEOPLE}
    return [
        replace(run, state=AWAITS_PEOPLE)
        if (run.dag_id, run.run_id) in asking and not run.ended
        else run
        for run in runs
    ]


def libraries_to_push(plan: Plan, runs: Sequence[DagRun], now: datetime) -> list[str]:
    """Libraries that will not start by themselves though all that they wait for has ended.

    A library starts when *all* of its sources have a new batch. Where one has failed, the library
    is built from what the others brought and what that one brought last time.
    """
    latest = _latest(runs)
    return [
        library
        for library, needed in plan.libraries.items()
        if library not in latest
        and all(name in latest and latest[name].ended for name in needed)
        and not _has_no_input(library, plan, latest)
        and (_failed(needed, latest) or _overdue(needed, latest, now))
    ]


def is_done(plan: Plan, runs: Sequence[DagRun], tasks: Iterable[TaskRun]) -> bool:
    """Whether nothing is left to wait for, reports included."""
    latest = _latest(runs)
    if not all(run.ended for run in runs):
        return False
    if not all(name in latest for name in plan.ingests):
        return False
    if any(name not in latest and not _has_no_input(name, plan, latest) for name in plan.libraries):
        return False
    written = reports_due(tasks)
    return written is None or any(
        run.dag_id == REPORTS and run.run_after >= written for run in runs
    )


def reports_due(tasks: Iterable[TaskRun]) -> datetime | None:
    """When the last task that may write mails ended; None: none ran, for there was nothing new."""
    written = [
        task.ended_at
        for task in tasks
        if task.task_id in _WRITES_MAIL and task.state == "success" and task.ended_at
    ]
    return max(written, default=None)


def _latest(runs: Iterable[DagRun]) -> dict[str, DagRun]:
    return {run.dag_id: run for run in sorted(runs, key=lambda run: run.run_after)}


def _failed(names: Iterable[str], latest: Mapping[str, DagRun]) -> bool:
    return any(latest[name].state == "failed" for name in names)


def _overdue(names: Iterable[str], latest: Mapping[str, DagRun], now: datetime) -> bool:
    ends = [ended for name in names if (ended := latest[name].ended_at)]
    return bool(ends) and now - max(ends) > _GRACE


def _has_no_input(library: str, plan: Plan, latest: Mapping[str, DagRun]) -> bool:
    """Not one source of it came through: there is nothing new to build from."""
    ingests = plan.libraries[library] & set(plan.ingests)
    return all(name in latest and latest[name].state == "failed" for name in ingests)
