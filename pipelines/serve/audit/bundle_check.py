"""Check a bundle of evidence. Needs the standard library alone: ``python3 check.py FOLDER``.

Every file has the digest that the manifest says, none was added or taken away, and the log's chain
of seals (``verify.py`` beside this file) is whole. The digest of the manifest itself is printed: it
is to be the one that was kept when the bundle was made.
"""

import hashlib
import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

MANIFEST = "manifest.json"


def check_files(folder: Path) -> Iterator[str]:
    """What is wrong with the files of a bundle."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    there = {each.name for each in folder.iterdir() if each.is_file()} - {MANIFEST}
    for name in sorted(set(told) - there):
        yield f"{name} is missing"
    for name in sorted(there - set(told)):
        yield f"{name} was added"
    for name in sorted(there & set(told)):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != told[name]:
            yield f"{name} was altered"


def main() -> int:
    """Check the folder that is given."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    findings = list(check_files(folder))
    chain = runpy.run_path(str(folder / "verify.py"), run_name="verify")
    findings += chain["check_bundle"](folder)
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.stdout.write(f"{len(findings)} findings; digest of the manifest: {digest}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
