"""What a person sees while DAGs run: a line for each that ends, and a bar on a terminal."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pipelines.orchestrate.client import AWAITS_PEOPLE, DagRun, TaskRun

_MARKS = {"success": "ok", "failed": "FAILED", AWAITS_PEOPLE: "waits"}


@dataclass
class Display:
    """Shows how far a run has come; says everything once."""

    console: Console
    bar: Progress
    job: TaskID
    _shown: set[tuple[str, str]] = field(default_factory=set)

    def say(self, text: str) -> None:
        """One line of plain text."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, runs: Iterable[DagRun], tasks: Iterable[TaskRun]) -> None:
        """Bring the display up to date with what Airflow reports."""
        for run in runs:
            if run.ended and (run.dag_id, run.run_id) not in self._shown:
                self._shown.add((run.dag_id, run.run_id))
                self.say(f"  {_MARKS[run.state]:<6} {run.dag_id:<56} {run.seconds or 0:6.1f} s")
        listed = list(tasks)
        running = sorted({f"{_short(one)}" for one in listed if one.state == "running"})
        done = sum(one.state in _MARKS for one in listed)
        self.bar.update(self.job, completed=done, description=", ".join(running) or "waiting")


def _short(task: TaskRun) -> str:
    return f"{task.task_id} {task.dag_id.split('__', 1)[-1]}"


@contextmanager
def display(total: int) -> Iterator[Display]:
    """A display for ``total`` tasks; in a pipe there are lines and no bar."""
    console = Console(soft_wrap=True)
    columns = (
        TextColumn("{task.completed:>3.0f}/{task.total:.0f}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield Display(console, bar, bar.add_task("waiting", total=total))
