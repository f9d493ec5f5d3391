"""Peers in an environment of their own, outside the project's lock file.

``requirements.txt`` pins everything in it; it is installed once below the benchmark's home.
"""

import shutil
import subprocess
import sys
from pathlib import Path

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def peer_python(home: Path) -> Path:
    """The Python of the peers' environment, which is made where it is missing or outdated."""
    folder = home.parent / "peers"
    python, mark = folder / "bin" / "python", folder / "installed.txt"
    wanted = _REQUIREMENTS.read_text(encoding="utf-8")
    if python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    subprocess.run(
        [uv, "venv", "--clear", "--quiet", "--python", sys.executable, folder], check=True
    )
    install = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--no-deps",
        "-r",
        _REQUIREMENTS,
    ]
    subprocess.run(install, check=True)
    mark.write_text(wanted, encoding="utf-8")
    return python
