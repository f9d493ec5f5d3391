"""What a DAG says about itself on its page: what it is, whose it is, what to do when it is red.

Markdown, derived from the declarations. Cheap to import: the DAG files do it on every parse.
"""

from collections.abc import Mapping, Sequence

from pipelines.contracts.source import Source
from pipelines.libraries import Library

_SOURCE = """\
### {title}

[Batches, findings, mails, and buttons to run it](baselib/sources/{name})

{description}

| | |
|---|---|
| Data owner | {department}, {team} ({emails}) |
| Feeds | library `{library}` |
| Delivery | {delivery}, due every {days:g} day(s) |
| Contract | `{file}`, version {version} |
| Tables | `raw.{name}`, `staged.{name}`, `quarantine.{name}` |

#### When a task is red

* **land**: the delivery is missing, unreadable, or lacks a mapped column. The log names the file
  and the column. Ask the data owner, or correct the contract; then clear `land`. While it is
  *up for reschedule* it waits: for its turn, or for a delivery that is late.
* **stage**: rows in and rows out disagree. That is a defect of baselib; nothing is published from
  this batch. Report it with the batch id.
* **check**: a critical expectation failed. What was published before stays. The report to the data
  owner says which; do not clear the task before the data or the suite has changed.
* **score**: the batch could not be scored. The data are not affected; clear the task.
* **report_stopped**: the report about a batch that a gate stopped could not be written. The data
  are not affected; clear the task. Any other batch is reported by `library__{library}`, when it has
  been compared with the other sources.

Where a delivery says what the last one said, `land` is green and all else is *skipped*: nothing
would come of it. Clear a skipped task to have it run all the same.

Repeating a batch changes nothing, so clearing a task or running a date again is always safe:
trigger with `{{"batch": "YYYYMMDD"}}`, or for many days choose *Backfill* under *Trigger*, or
`make airflow ARGS="backfill create --dag-id ingest__{name} --from-date 2026-06-01T00:00+08:00
--to-date 2026-06-30T23:59+08:00"`. Batches of the source are taken in order and one at a time,
whoever starts their runs: a run whose turn it is not is *up for reschedule*, and its log says which
one it waits for.
"""

_LIBRARY = """\
### {title}

[Publications, what each changed, approvals](baselib/publications/{library}) ·
[questions to people](baselib/steward/{library})

Builds `core.{entity}` and `base.{entity}` out of {count} source(s): {sources}.

#### When a task is red

* **resolve**, **merge**: a defect, or the warehouse is out of reach; the log says which.
  Clear the task.
* **check_library**: a critical expectation of `core.{entity}` failed. What was published before
  stays until a later run passes. Look at the suite's result, then at the sources named there.
* **approve** is *awaiting input*: more published ids would change than may without a person.
  Answer under *Required Actions* here, or on the page of its publications, with a reason. Rejected,
  or unanswered for 20 hours, nothing is published; the next run asks anew.
* **publish**: PostgreSQL refused or was out of reach. Readers still see the last publication.
  Clear the task.
* **compare**, **score_library**: what sources disagree about, or the score, could not be written
  down. The publication stands and is not affected; clear the task.
* **report_library**: the reports to the owners of its sources could not all be written; the others
  were. The data are not affected; clear the task.
* Any of them says that something *was made by run …*: a newer run has taken over. Nothing has to be
  done, unless this one is wanted: then clear it from **resolve** on.

Runs when every source has a new batch, and once a day for those that came late. Where nothing has
changed since the last run, all tasks after **resolve** are *skipped*; an owner who has not heard of
a batch hears of it (**report_library**).
"""

REPORT_NOTES = """\
### Quality reports

[Mails that did not arrive, and who has answered](baselib/mails)

Writes the digests that are due, then sends what waits in the outbox: reports of the ingests and
digests. A mail that was sent is never sent again. Without a mail server the messages stay in the
outbox folder as `.eml` files, and this DAG has nothing to do. Reports that were sent more than
`BASELIB_REPORT_DAYS` days ago are deleted from that folder.

#### When it is red

* **digest**: a digest could not be written; the log says why. Clear the task.
* **deliver**: no mail can be sent at all: the server is out of reach, or refuses login or sender.
  Correct the connection `baselib_smtp` (or `BASELIB_SMTP_URL`). All reports wait and none is lost.
* **check_mail**: the alarm. All other reports were sent. A recipient was refused for good, or did
  not get in for a day, or the contract no longer names him (`failed`); or the connection broke
  after a message was handed over, so that it may or may not have arrived (`doubtful`).
  `baselib mail list --state failed --state doubtful` shows the server's words; then
  `baselib mail retry ID` sends it again, `baselib mail close ID` lets it be. Red until then.
"""


def source_notes(source: Source) -> str:
    """The page of ``ingest__<source>``."""
    return _SOURCE.format(
        title=source.title,
        description=source.description,
        department=source.owner.department,
        team=source.owner.team,
        emails=", ".join(source.owner.emails),
        library=source.library,
        delivery=source.delivery,
        days=source.frequency.total_seconds() / 86400,
        file=source.file.name,
        version=source.version,
        name=source.name,
    )


def library_notes(library: Library, sources: Sequence[Source]) -> str:
    """The page of ``library__<library>``."""
    names = ", ".join(f"`{source.name}`" for source in sources)
    return _LIBRARY.format(
        title=library.title,
        library=library.name,
        entity=library.entity,
        count=len(sources),
        sources=names,
    )


def asset_facts(answer: Mapping[str, object]) -> dict[str, str | int | float]:
    """What an asset's event tells of a verb's answer: counts, names, and lists of names.

    >>> asset_facts({"entities": 3, "late_sources": ["a__b", "c__d"], "without_sources": []})
    {'entities': 3, 'late_sources': 'a__b, c__d'}
    """
    facts: dict[str, str | int | float] = {}
    for name, value in answer.items():
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value)) or None
        if isinstance(value, str | int | float):
            facts[name] = value
    return facts
