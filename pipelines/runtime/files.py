"""Files moved or linked from one folder to another, be it on another file system: whole or not.

Lake, scratch, landing and outbox may each be a file system of its own, where neither a rename nor
a second name works. Then the bytes are copied beside the target, and appear there in one step.
"""

import errno
import os
import shutil
from pathlib import Path
from uuid import uuid4

# A file system of its own; none that has second names; one that gives no more of them.
_COPY_INSTEAD = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def move_file(path: Path, target: Path) -> Path:
    """Move a file; who looks at ``target`` sees all of it or what was there before."""
    try:
        path.replace(target)
    except OSError as refused:
        if refused.errno != errno.EXDEV:
            raise
        _copy_whole(path, target)
        path.unlink()
    return target


def link_or_copy(path: Path, target: Path) -> Path:
    """The same bytes under another name, without copying them where the file system can."""
    try:
        os.link(path, target)
    except OSError as refused:
        if refused.errno not in _COPY_INSTEAD:
            raise
        _copy_whole(path, target)
    return target


def _copy_whole(path: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        shutil.copyfile(path, draft)
        shutil.copymode(path, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)  # a full disk leaves no half
