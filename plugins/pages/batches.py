"""The page "Batches": counts and names only, read from the warehouse, for users of Airflow."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from pipelines.settings import load_settings
from pipelines.warehouse import connect, count_mail, read_batches, read_publications
from plugins.pages.site import app, page

LATEST = 200  # batches on the page; older ones are in quality.batch


@app.get("/batches", response_class=HTMLResponse)
def batches(request: Request) -> HTMLResponse:
    """The latest batches of every source, the publications, and the state of the outbox."""
    settings = load_settings()
    engine = connect(settings)
    try:
        found = sorted(read_batches(engine), key=lambda one: one.batch, reverse=True)
        return page(
            request,
            "batches.html",
            data_docs=settings.data_docs_dir / "index.html",
            batches=found[:LATEST],
            publications=read_publications(engine),
            mail=count_mail(engine),
        )
    finally:
        engine.dispose()
