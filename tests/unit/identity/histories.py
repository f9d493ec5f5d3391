"""A ledger that lives through runs, told in letters."""

import ibis

from pipelines.identity.ids.entity_ids import MEMBER_SCHEMA, RECORD_SCHEMA, assign_ids
from pipelines.identity.ids.events import EVENT_SCHEMA, next_sequence, stamped
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import load_library

LIBRARY = load_library("population")
KEY = "k" * 32


def table(rows, schema):
    columns = {name: [row.get(name) for row in rows] for name in schema}
    return ibis.memtable(columns, schema=ibis.schema(schema))


class Site:
    """A ledger that lives through runs: ``run("ab c!")`` says which records belong together.

    A record is a letter, founded in alphabetical order; ``!`` after it means that it holds a
    believed strong identifier. Every record is linked to the first of its cluster, by the rule
    that ``rules`` gives for the record.
    """

    def __init__(self, con):
        self.con = con
        self.previous = None
        self.events = []

    def run(self, clusters, rules=None, disputes=None, batch="20260630"):
        members = [
            {
                "rid": ord(name),
                "cluster": min(map(ord, cluster.replace("!", ""))),
                "source": "a__b",
                "source_key": name,
                "since_batch": "20260630",
                "batch": batch,
                "accepted": f"{name}!" in cluster,
                "dispute": (disputes or {}).get(name),
            }
            for cluster in clusters.split()
            for name in cluster.replace("!", "")
        ]
        for row in members:
            first = row["rid"] == row["cluster"]
            row["rule"] = "founding_record" if first else (rules or {}).get(row["source_key"], "r")
            row["linked"] = None if first else row["cluster"]
        with TempTables(self.con) as temp:
            previous = self.previous and table(self.previous, RECORD_SCHEMA)
            earlier = table(self.events, EVENT_SCHEMA) if self.previous is not None else None
            given = table(members, MEMBER_SCHEMA)
            made = assign_ids(given, previous, earlier, LIBRARY, KEY, temp)
            ids = {r["cluster"]: r["entity_id"] for r in self.con.to_pyarrow(made.ids).to_pylist()}
            told = stamped(made.events, f"run {len(self.events)}", next_sequence(earlier))
            self.told = self.con.to_pyarrow(told).to_pylist()
        self.previous = [
            {
                **row,
                "entity_id": ids[row["cluster"]],
                "linked_source": row["linked"] and "a__b",
                "linked_key": row["linked"] and chr(row["linked"]),
            }
            for row in members
        ]
        self.events += self.told
        by_name = {row["source_key"]: row["entity_id"] for row in self.previous}
        return by_name, {(e["kind"], e["entity_id"], e["other_entity_id"]) for e in self.told}

    def reasons(self):
        """Reason of each event of the last run, by kind."""
        return {event["kind"]: event["reason"] for event in self.told}
