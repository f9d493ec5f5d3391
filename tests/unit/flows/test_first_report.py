"""The first report of a new home may be one without sheets."""

from types import SimpleNamespace

from pipelines.flows.source.report.write import _write
from pipelines.settings import load_settings


def test_a_report_without_sheets_makes_the_outbox_itself(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    letter = SimpleNamespace(source="health__clinics", batch="20260630", period="batch")
    path = _write(settings, letter, "<0123456789@baselib>", b"Subject: x\r\n\r\n")
    assert settings.outbox_dir.is_dir()
    assert [file.name for file in settings.outbox_dir.iterdir()] == [path.rpartition("/")[2]]
