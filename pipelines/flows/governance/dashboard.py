"""The facts of the dashboard (运营大屏), from the same places as every other output."""

from datetime import date

from pipelines.batch import batch_date
from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.flows.governance.duty_ledger import derive_ledger, late_duties
from pipelines.flows.governance.facts import active_sources, evaluation_facts
from pipelines.flows.governance.sharing.onboarding import live_resources
from pipelines.flows.governance.sharing.requests import judged_requests
from pipelines.flows.governance.sharing.returns import packages
from pipelines.governance.dashboard import Dashboard, rank
from pipelines.governance.evaluation import evaluate
from pipelines.libraries import libraries_in_order, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_batches
from pipelines.warehouse.quality.grant_usage import read_grant_usage


def read_dashboard(settings: Settings) -> Dashboard:
    """The page as of today, of the year until then.

    Raises:
        DeclarationRefused: a declaration of the site cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    today = today_of(settings)
    begin = date(today.year, 1, 1)
    catalogue, live = derive_catalogue(settings), live_resources(settings)
    facts = evaluation_facts(settings, begin, today)
    engine = connect(settings)
    try:
        usage = read_grant_usage(engine, begin, today)
        names = {each.name for each in active_sources(settings)}
        days = [batch_date(e.batch) for e in read_batches(engine) if e.source in names]
    finally:
        engine.dispose()
    duties = derive_ledger(settings).duties
    requests = judged_requests(settings)
    deliveries = [each.deliveries for each in facts.sources]
    returned = packages(settings)
    return Dashboard(
        jurisdiction=catalogue.declared.jurisdiction,
        as_of=today.isoformat(),
        entries=len(catalogue.entries),
        connected=sum(each.origin in live for each in catalogue.entries),
        rows={
            library.title: live[f"library {library.name}"].rows
            for library in libraries_in_order(load_libraries())
            if f"library {library.name}" in live
        },
        batches=sum(begin <= day <= today for day in days),
        timely=(sum(part for part, _ in deliveries), sum(whole for _, whole in deliveries)),
        calls=sum(each.calls for each in usage),
        consumers=len({each.consumer for each in usage if each.calls}),
        used_grants=(sum(each.calls > 0 for each in usage), len(usage)),
        returns=(sum(bool(each.received_on) for each in returned), len(returned)),
        late=len(late_duties(duties)),
        duties=len(duties),
        requests=(sum(each.request.decision != "" for each in requests), len(requests)),
        ranking=rank(evaluate(facts)),
    )
