"""What a task does around a verb: its turn, lines at start and end, waiting, the asset's facts."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from airflow.sdk import Asset, AssetAlias, get_current_context
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowRescheduleException, DownstreamTasksSkipped
from airflow.sdk.observability.stats import Stats

from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, DeliveryUnfinished
from pipelines.orchestrate.metrics import gauges_of
from pipelines.orchestrate.notes import asset_facts
from pipelines.orchestrate.retry_rules import waits_until
from pipelines.settings import load_settings
from plugins.tasks.connections import mail_server, provide_secrets
from plugins.tasks.turns import await_turn

log = logging.getLogger("baselib")
_WITH_SECRETS = frozenset({"land", "report_stopped"})  # fetch, and lock attachments
_FIRST = {"resolve": "resolve_if_changed"}  # the task that may end the day of a library


@dataclass(frozen=True)
class AwaitsApproval:
    """Answer of a check that leaves the decision to people."""

    library: str
    run: str
    changed_ids: int
    published_ids: int
    awaits_approval: bool = True


# Libraries that tell of every file they open; what goes wrong in them is still told.
_QUIET = ("pyiceberg", "alembic", "great_expectations", "splink", "matplotlib", "fontTools")


def source_step(name: str, source: Source, batch: str) -> dict[str, object]:
    """One verb of a source for one batch, when it is the batch's turn."""
    from pipelines.flows.task import run_verb

    await_turn()
    if name in _WITH_SECRETS:
        provide_secrets([source])
    verb = partial(run_verb, name, load_settings(), source, batch)
    return _step(f"{name} {source.name} {batch}", partial(_waiting, source, verb))


def library_step(name: str, library: str, run: str) -> dict[str, object]:
    """One verb of a library for one run."""
    from pipelines.flows.task import run_verb

    settings = load_settings()
    if name == "report_library":  # attachments are locked with passwords of their sources
        provide_secrets(load_sources(settings).values())
    verb = partial(run_verb, _FIRST.get(name, name), settings, library, run)
    if name == "check_library":
        verb = partial(_left_to_people, library, run, verb)
    return _step(f"{name} {library} {run}", verb)


def mail_step(name: str) -> dict[str, object]:
    """One verb of the mails; what sends has the site's mail server."""
    from pipelines.flows.task import run_verb

    server = mail_server() if name == "deliver" else {}
    return _step(name, partial(run_verb, name, load_settings(**server)))


def _step(about: str, verb: Callable[[], Any]) -> dict[str, object]:
    """Call a verb; what it answers with is also put on the events of the task's assets."""
    for library in _QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
    log.info("%s begins", about)
    began = time.monotonic()
    told: dict[str, object] = asdict(verb())
    facts = asset_facts(told)
    words = ", ".join(f"{key} {value}" for key, value in facts.items())
    log.info("%s done in %.1f s: %s", about, time.monotonic() - began, words)
    _measure(about, told)
    _note_on_assets(facts)
    if told.get("unchanged"):
        _end_day(told, facts)
    return told


def _end_day(told: Mapping[str, object], facts: Mapping[str, object]) -> None:
    """Nothing is new: what follows is skipped, and whoever waits for the day's batch goes on.

    Tasks named in ``goes_on`` run all the same.

    Raises:
        DownstreamTasksSkipped: always, unless nothing follows; Airflow takes it for a success.
    """
    context: Any = get_current_context()
    for alias in context["task"].outlets:
        if isinstance(alias, AssetAlias):  # of the name of the asset that it stands for
            context["outlet_events"][alias].add(Asset(alias.name), extra=dict(facts))
    going_on = told.get("goes_on") or ()
    following = context["task"].get_flat_relative_ids(upstream=False)
    skipped = sorted(set(following) - set(going_on))  # type: ignore[call-overload]
    if skipped:
        log.info("Nothing has changed; what follows is skipped: %s", ", ".join(skipped))
        context["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=dict(told))
        raise DownstreamTasksSkipped(tasks=skipped)


def _waiting(source: Source, verb: Callable[[], Any]) -> Any:
    """What a verb answers; a delivery that has not come yet is waited for without holding a slot.

    Only where the timetable expects it: who asks for a batch by hand hears at once that it is not
    there.

    Raises:
        AirflowRescheduleException: it may still come; the scheduler looks again.
        DeliveryMissing: the contract's time has passed.
    """
    try:
        return verb()
    except (DeliveryMissing, DeliveryUnfinished) as missing:
        run = get_current_context()["dag_run"]
        if run is None or run.run_type != "scheduled":
            raise
        again = waits_until(missing, run.run_after, source.frequency, datetime.now(UTC))
        if again is None:
            raise
        log.info("%s Looking again at %s.", missing, again.isoformat(timespec="minutes"))
        raise AirflowRescheduleException(again) from None


def _left_to_people(library: str, run: str, verb: Callable[[], Any]) -> Any:
    """What a verb answers; a run over its budget goes on to the task that asks a person."""
    from pipelines.flows.shared.errors import IdBudgetExceeded

    try:
        return verb()
    except IdBudgetExceeded as over:
        log.warning("%s", over)
        return AwaitsApproval(library, run, over.changed, over.published)


def _measure(about: str, told: Mapping[str, object]) -> None:
    """Give the numbers to whatever the site has Airflow send its metrics to, if anything."""
    verb, _, rest = about.partition(" ")
    tags = {"subject": rest.partition(" ")[0] or "site"}
    for name, value in gauges_of(verb, told).items():
        Stats.gauge(name, value, tags=tags)


def _note_on_assets(facts: Mapping[str, object]) -> None:
    context: Any = get_current_context()
    for asset in context["task"].outlets:
        if not isinstance(asset, AssetAlias):
            context["outlet_events"][asset].extra.update(facts)
