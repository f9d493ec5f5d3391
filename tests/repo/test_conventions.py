"""What CONTRIBUTING.md asks for, as far as a machine can tell. Each message says what to do."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CODE = sorted(
    file
    for folder in ("pipelines", "dags", "plugins")
    for file in (PROJECT / folder).rglob("*.py")
    if "__pycache__" not in file.parts
)
TEXTS = sorted(
    {
        *CODE,
        *PROJECT.glob("*.md"),
        *PROJECT.glob("*.yml"),
        *PROJECT.glob(".ci/*"),
        PROJECT / "Makefile",
        PROJECT / "Dockerfile",
        *(PROJECT / "docs").rglob("*.md"),
        *(PROJECT / "sources").rglob("*.yml"),
        *(PROJECT / "benchmarks").rglob("*.py"),
    }
)
LONGEST = 400  # lines: what fits in a head
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE = re.compile(r"(?<![\w.])/(root|work|home/\w+)/")


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(PROJECT)) for file in files]


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _marked(file: Path, line: int) -> bool:
    """Whether the code itself says that there is no type to write, which mypy then allows."""
    return "type: ignore[no-untyped-def]" in file.read_text(encoding="utf-8").splitlines()[line - 1]


def test_there_is_code_to_look_at():
    assert len(CODE) > 50
    assert PROJECT / "pipelines" / "settings.py" in CODE


def test_a_module_fits_in_a_head():
    long = [file for file in CODE if len(file.read_text(encoding="utf-8").splitlines()) > LONGEST]
    assert names(long) == [], f"split what has more than {LONGEST} lines"


def test_every_module_says_what_it_is():
    silent = [
        file
        for file in CODE
        if (text := file.read_text(encoding="utf-8")).strip()
        and not ast.get_docstring(ast.parse(text))
    ]
    assert names(silent) == [], "begin with a docstring"


def test_every_function_says_what_it_returns():
    silent = [
        f"{file.relative_to(PROJECT)}:{function.lineno} {function.name}"
        for file in CODE
        for function in functions(file)
        if function.returns is None and not _marked(file, function.lineno)
    ]
    assert silent == [], "add the return type"


def test_nothing_is_left_unfinished():
    found = [file for file in TEXTS if UNFINISHED.search(file.read_text(encoding="utf-8"))]
    assert names(found) == [], "finish it, or open an issue"


def test_nothing_names_a_folder_of_one_machine():
    found = [file for file in TEXTS if MACHINE.search(file.read_text(encoding="utf-8"))]
    assert names(found) == [], "paths come from the settings or are relative"


def test_imports_point_one_way():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--no-logo", "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["bootstrap", "lock", "run"])
def test_the_scripts_are_sound_and_can_be_run(script):
    path = PROJECT / ".ci" / script
    assert path.stat().st_mode & 0o111, f"chmod +x {path}"
    subprocess.run(["sh", "-n", str(path)], check=True)


def test_no_two_test_files_share_a_name():
    """Without packages, pytest imports a test file by its name alone."""
    places: dict[str, list[str]] = {}
    for file in (PROJECT / "tests").rglob("*.py"):
        is_alone = not (file.parent / "__init__.py").exists()
        if is_alone and file.name not in ("conftest.py", "__init__.py"):
            places.setdefault(file.name, []).append(str(file.relative_to(PROJECT)))
    assert [found for found in places.values() if len(found) > 1] == [], "rename one of each"


def test_faults_are_run_by_make_faults():
    """A test that is marked as slow besides is left out there as everywhere."""
    both = {"pytest.mark.faults", "pytest.mark.slow"}
    for file in Path("tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                marks = both & {ast.unparse(each) for each in node.decorator_list}
                assert marks != both, f"{file}: {node.name}"


def test_no_test_imports_from_a_conftest():
    """Several are called so: of two folders on one command line, one would get the other's."""
    imports = re.compile(r"^\s*(?:from conftest import|import conftest)", re.MULTILINE)
    files = sorted((PROJECT / "tests").rglob("*.py"))
    found = [file for file in files if imports.search(file.read_text(encoding="utf-8"))]
    assert names(found) == [], "put it into a module beside it, of a name of its own"
