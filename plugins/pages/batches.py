"""The page "Batches": counts and names only, read from the warehouse, for users of Airflow."""

from pathlib import Path

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from pipelines.settings import load_settings
from pipelines.warehouse import connect, count_mail, read_batches, read_publications

LATEST = 200  # batches on the page; older ones are in quality.batch

# For those who may see what the cluster does, as on Airflow's own page of that kind.
app = FastAPI(
    title="baselib", dependencies=[Depends(requires_access_view(AccessView.CLUSTER_ACTIVITY))]
)
_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


@app.get("/batches", response_class=HTMLResponse)
def batches() -> str:
    """The latest batches of every source, the publications, and the state of the outbox."""
    settings = load_settings()
    engine = connect(settings)
    try:
        found = sorted(read_batches(engine), key=lambda one: one.batch, reverse=True)
        return _templates.get_template("batches.html").render(
            data_docs=settings.data_docs_dir / "index.html",
            batches=found[:LATEST],
            publications=read_publications(engine),
            mail=count_mail(engine),
        )
    finally:
        engine.dispose()
