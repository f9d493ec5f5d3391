"""Run in a process of its own: ask for the page "Batches", as nobody and as somebody."""

import json
import sys
from types import SimpleNamespace

import plugins.baselib_plugin as plugin

loaded_for_every_task = "plugins.pages.site" in sys.modules

from fastapi.testclient import TestClient  # noqa: E402 - after we have looked

import plugins.pages.batches as page  # noqa: E402

COUNTS = {"landed": 1234, "staged": 1200, "superseded": None, "quarantined": 4, "findings": 30}
page.connect = lambda settings: SimpleNamespace(dispose=lambda: None)
page.read_batches = lambda engine: [SimpleNamespace(source="<b>", batch="20260630", **COUNTS)]
page.read_publications = lambda engine: [
    SimpleNamespace(library="population", run="20260630", row_counts={"person": 999})
]
page.count_mail = lambda engine: {"pending": 2, "sent": 1}

client = TestClient(plugin.pages)
as_nobody = client.get("/batches").status_code
for dependency in page.app.router.dependencies:
    page.app.dependency_overrides[dependency.dependency] = lambda: None
as_somebody = client.get("/batches")
answer = {
    "loaded_for_every_task": loaded_for_every_task,
    "as_nobody": as_nobody,
    "as_somebody": as_somebody.status_code,
    "page": as_somebody.text,
}
sys.stdout.write("\n" + json.dumps(answer) + "\n")
