"""Train the model of the matching score, for somebody to review. No run does this by itself."""

import json
from pathlib import Path

from pipelines.errors import NothingToTrain
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import open_session
from pipelines.identity.scores.model import load_model, model_file
from pipelines.libraries import load_libraries, load_library
from pipelines.settings import Settings

LINK_AT, ASK_AT = 0.99, 0.2


def train(settings: Settings, library_name: str, out: Path | None = None) -> Path:
    """Write a model trained on the records that the last run read.

    The file is a proposal: it takes effect when somebody has reviewed it and put it where
    ``model_file`` looks for it. The thresholds of the present model are kept.

    Args:
        settings: Where the staged records are.
        library_name: A library that declares scores.
        out: Where to write; ``<home>/models/<entity>.json`` if not given.

    Raises:
        NothingToTrain: the library's records are not compared by score.
        TableMissing: the library has never been resolved.
    """
    from pipelines.identity.scores.train import (
        train as train_model,  # Splink takes seconds to import
    )

    library = load_library(library_name)
    if not library.identity.scores.comparisons:
        scored = [one for one in load_libraries().values() if one.identity.scores.comparisons]
        raise NothingToTrain(library_name, sorted(one.entity for one in scored))
    present = load_model(library) if model_file(library).exists() else None
    thresholds = {
        "link_at": present.match_threshold if present else LINK_AT,
        "ask_at": present.review_threshold if present else ASK_AT,
    }
    with open_session(settings) as session:
        run = latest_run(session, library)
        with session.materialised(records_of_run(session, library, run)) as records:
            provenance = {"data": f"records of run {run}", "made_by": "baselib identity train"}
            model = train_model(session.con, records, library, provenance, thresholds)
    target = out or settings.home / "models" / f"{library.entity}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(model, ensure_ascii=False, indent=1, sort_keys=True)
    target.write_text(text + "\n", encoding="utf-8")
    return target
