"""Whether a run resolves all or what changed, and that it says why, in the warehouse."""

from identity_town import LIBRARY, person

from pipelines.flows.library import resolve
from pipelines.flows.workplace import open_workplace
from pipelines.warehouse.survival import read_resolutions

POLICE = "public_security__register"
DAYS = ("20260701", "20260702", "20260703", "20260704")


def test_a_small_library_is_resolved_whole_and_leaves_no_index(town):
    for day, smallest in zip(DAYS, (1_000, 1_000, 0, 0), strict=True):
        town.settings = town.settings.model_copy(update={"increments_from": smallest})
        town.deliver(day, POLICE, [person(n) for n in range(1, 40)])
        resolve(town.settings, LIBRARY.name, day)
    with open_workplace(town.settings) as place:
        told = [(each.mode, each.reason) for each in read_resolutions(place.warehouse)]
        index = place.lake.read(place.con, f"identity.{LIBRARY.entity}_index")
        assert index.count().execute() == 39
    assert told == [
        ("full", "first_run"),
        ("full", "small_enough_to_be_resolved_whole"),
        ("full", "last_run_left_no_index"),
        ("increment", "same_rules_and_few_changes"),
    ]
