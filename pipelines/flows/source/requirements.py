"""Requirements that a batch did not meet, with what broke each: for the report and the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from pipelines.batch import batch_date
from pipelines.contracts.source import Source
from pipelines.flows.shared.batches import staged_batch
from pipelines.flows.shared.session import Session
from pipelines.quality.breaches import Claim, Row, find_breaches
from pipelines.quality.drift import Drift
from pipelines.quality.outcome import ExpectationOutcome, gate
from pipelines.quality.profile import finding_profile
from pipelines.quality.suites import read_claims
from pipelines.report.owner.model import FailedExpectation
from pipelines.report.owner.requirements import breach_sentences, failed_requirement
from pipelines.settings import PROJECT
from pipelines.warehouse import BatchRecord, read_expectations
from pipelines.warehouse.quality.drift import read_drift

EXPECTATIONS = PROJECT / "expectations"
_NO_CLAIM = Claim({})


def failed_requirements(
    session: Session, source: Source, record: BatchRecord, before: Sequence[BatchRecord]
) -> list[FailedExpectation]:
    """Of a batch that was checked; severity critical and warning, in the order of the suites."""
    batch = record.batch
    failed = [
        outcome
        for outcome in read_expectations(session.warehouse, subject=source.name, run=batch)
        if not outcome.success and outcome.severity != "info"
    ]
    if not failed:
        return []
    claims = read_claims(EXPECTATIONS, {outcome.suite for outcome in failed})
    profile = _profile(session, source, batch)
    unusual = read_drift(session.warehouse, source=source.name, batch=batch)
    drift = [asdict(each) for each in unusual]
    if before:
        days = (batch_date(batch) - batch_date(before[-1].batch)).days
        drift.append({"measure": "interval_days", "value": float(days)})
    found = [(each, find_breaches(each, _claim(claims, each), profile, drift)) for each in failed]
    # In a delivery without rows there is nothing to judge but that it has none.
    return [
        failed_requirement(each, breaches, source)
        for each, breaches in found
        if breaches or record.landed
    ]


def gate_reasons(
    outcomes: Sequence[ExpectationOutcome],
    source: Source,
    profile: Iterable[Row],
    drift: Sequence[Drift],
) -> list[str]:
    """Why a batch is stopped: each critical expectation that failed, and what is wrong.

    Args:
        outcomes: Of the batch.
        source: The contract.
        profile: Rows of its ``finding_profile``.
        drift: Its ``find_drift``.
    """
    claims = read_claims(EXPECTATIONS, {outcome.suite for outcome in outcomes})
    rows, moved = list(profile), [asdict(each) for each in drift]

    def wrong(outcome: ExpectationOutcome) -> str:
        breaches = find_breaches(outcome, _claim(claims, outcome), rows, moved)
        return "; ".join(breach_sentences(breaches, source, "en"))

    return gate(outcomes, wrong)


def _claim(claims: Mapping[tuple[str, str], Claim], outcome: ExpectationOutcome) -> Claim:
    """What the suite declares today; an expectation that it has no more declares nothing."""
    return claims.get((outcome.suite, outcome.name), _NO_CLAIM)


def _profile(session: Session, source: Source, batch: str) -> list[Row]:
    staged, quarantined = staged_batch(session, source.name, batch)
    return list(session.con.to_pyarrow(finding_profile(staged, quarantined, source)).to_pylist())
