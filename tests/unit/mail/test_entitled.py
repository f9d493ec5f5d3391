"""A message goes to whom contracts name now: a report by its batches, a notice by its source."""

from types import SimpleNamespace

import pytest

from pipelines.flows.mail.deliver import _not_entitled

SOURCES = {"a__b": SimpleNamespace(owner=SimpleNamespace(emails=("owner@example.gov.cn",)))}


@pytest.mark.parametrize(
    ("about", "source", "recipient", "strange"),
    [
        ({"a__b": ["20260630"]}, "*", "owner@example.gov.cn", ""),
        ({"a__b": ["20260630"]}, "a__b", "former@example.gov.cn", "a__b"),
        ({}, "a__b", "owner@example.gov.cn", ""),
        ({}, "a__b", "former@example.gov.cn", "a__b"),
        ({}, "a__gone", "owner@example.gov.cn", "a__gone"),
        ({}, "*", "owner@example.gov.cn", "no source"),
    ],
)
def test_who_may_read_a_message(about, source, recipient, strange):
    mail = SimpleNamespace(source=source, recipient=recipient)
    assert _not_entitled(SimpleNamespace(about=about, mail=mail), SOURCES) == strange
