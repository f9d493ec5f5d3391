"""The year of a library: what happens is what is declared, and no id is lost on the way."""

from benchmarks.identity.year.life import HOSPITAL, begin, live, rows
from benchmarks.identity.year.survival import a_year


def test_the_same_seed_lives_the_same_year():
    def lived():
        life, coming = begin(150, 5)
        for day in range(1, 120):
            live(life, coming, day)
        return life

    one, again = lived(), lived()
    assert rows(one) == rows(again)
    kinds = {"new", "moved", "renamed", "died", "registered_again", "corrected", "wrong_delivery"}
    assert one.happened.keys() <= kinds
    assert {"new", "moved", "corrected", "wrong_delivery"} <= one.happened.keys()


def test_a_wrong_delivery_is_put_right_after_a_week():
    life, coming = begin(150, 5)
    for day in range(1, 32):
        live(life, coming, day)
    assert len(life.shifted) >= 3
    key, below = next(iter(life.shifted.items()))
    sent = {(row["source"], row["source_key"]): row for row in rows(life)}
    assert sent[key]["person_name"] == life.known[below].name
    for day in range(32, 37):
        live(life, coming, day)
    sent = {(row["source"], row["source_key"]): row for row in rows(life)}
    assert life.shifted == {}
    assert sent[key]["person_name"] == life.known[key].name


def test_the_dead_leave_the_hospitals_file_alone_and_after_half_a_year():
    life, coming = begin(150, 5)
    filed = set(life.known)
    for day in range(1, 240):
        live(life, coming, day)
    gone = filed - set(life.known)
    assert 0 < len(gone) <= life.happened["died"]
    assert {source for source, _ in gone} == {HOSPITAL}


def test_ids_survive_a_fortnight_and_every_redirect_leads_somewhere():
    year = a_year(persons=60, days=40, every=20, seed=5)
    assert year.runs == 3
    assert year.kept >= year.first - 1
    assert year.resolved == year.ended
    assert year.right == year.ended
    assert year.stayed <= year.merges <= 2
