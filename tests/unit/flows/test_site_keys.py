"""Keys: one for each purpose and version; what is kept for good never changes."""

from pathlib import Path

from pipelines.flows.shared.site_keys import (
    digest_key,
    identity_key,
    question_key,
    rotate_keys,
    site_keys,
)
from pipelines.settings import load_settings


def test_every_purpose_has_a_key_of_its_own(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    lasting = {identity_key(settings), digest_key(settings), question_key(settings)}
    assert len(lasting) == 3
    secret = (tmp_path / "identity.key").read_text()
    assert not any(key in secret for key in lasting), "whoever has one of them has no other"


def test_after_rotation_old_things_are_known_and_new_ones_are_made_anew(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    before, lasting = site_keys(settings), identity_key(settings)
    assert rotate_keys(settings) == 2
    after = site_keys(settings)
    assert (tmp_path / "identity.key").stat().st_mode & 0o077 == 0
    assert after.key("seals") != before.key("seals")
    assert after.all_keys("seals")[1] == before.key("seals")
    assert after.digests("P-1")[1:] == before.digests("P-1")
    assert identity_key(settings) == lasting


def test_a_home_of_an_earlier_version_keeps_its_ids(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    (tmp_path / "identity.key").write_text("5" * 64)
    rotate_keys(settings)
    assert {identity_key(settings), digest_key(settings), question_key(settings)} == {"5" * 64}
