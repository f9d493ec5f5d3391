"""Secrets of sources reach no process that fetches nothing."""

import ast
import os
from pathlib import Path

from pipelines.runtime.child_environment import drop_secrets, without_secrets

PIPELINES = Path(__file__).parents[3] / "pipelines"
# Fetch deliveries, or start what does: Airflow's components, and its own commands.
MAY_HAVE_SECRETS = {
    *(
        "orchestrate/service/processes.py",
        "orchestrate/service/keeper.py",
        "orchestrate/service/stack.py",
    ),
    "orchestrate/commands.py:run_airflow",
}


def starts_of(file: Path) -> list[tuple[str, ast.Call]]:
    """Function and call of everything in a module that starts a process."""
    found = []
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if name in ("subprocess.run", "subprocess.Popen", "os.execve"):
                    found.append((function.name, node))
    return found


def test_a_child_has_everything_but_secrets(monkeypatch):
    monkeypatch.setenv("BASELIB_SECRET_POLICE", "hush")
    monkeypatch.setenv("BASELIB_JOBS", "2")
    assert "BASELIB_SECRET_POLICE" not in without_secrets()
    assert without_secrets()["BASELIB_JOBS"] == "2"
    assert os.environ["BASELIB_SECRET_POLICE"] == "hush"
    drop_secrets()
    assert "BASELIB_SECRET_POLICE" not in os.environ


def test_whatever_starts_a_process_says_what_it_inherits():
    silent = []
    for file in sorted(PIPELINES.rglob("*.py")):
        name = str(file.relative_to(PIPELINES))
        for function, call in starts_of(file):
            told = any(keyword.arg == "env" for keyword in call.keywords) or len(call.args) == 3
            if not told and not {name, f"{name}:{function}"} & MAY_HAVE_SECRETS:
                silent.append(f"{name}:{call.lineno} {function}")
    assert silent == [], "pass env=without_secrets()"
