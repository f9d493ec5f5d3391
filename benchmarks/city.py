"""The benchmark's city: its deliveries in ``<home>/demo``, made once and used again."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.batch import batch_date
from pipelines.demo.api import environment, serve
from pipelines.demo.generate import generate
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import stop_embedded

_DELIVERIES = "demo"


def make_city(home: Path, persons: int) -> None:
    """Write the deliveries of a city of that size, unless they are there."""
    done = home / _DELIVERIES
    if done.exists():
        return
    unfinished = home / f"{_DELIVERIES}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    generate(unfinished, persons)
    unfinished.rename(done)


def settings_of(home: Path) -> Settings:
    """The settings of a run on the day of the delivery."""
    return load_settings(home=home, today=batch_date(FIRST_BATCH))


def forget_runs(home: Path) -> None:
    """Leave the deliveries only: a batch that has run before would be skipped, not measured."""
    stop_embedded(settings_of(home))
    for path in home.iterdir():
        if path.name == _DELIVERIES:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def school_interface(home: Path) -> Iterator[None]:
    """Serve the source that is an HTTP API, in this process, as ``make run`` does."""
    with serve(home / _DELIVERIES, port=0) as url:
        os.environ.update(environment(url))
        yield
