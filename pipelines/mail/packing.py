"""Distribute the attachments of a report over as many mails as they need."""

from collections.abc import Sequence

from pipelines.mail.message import BASE64, Attachment


def pack(files: Sequence[Attachment], room: int, taken: int = 0) -> Sequence[Sequence[Attachment]]:
    """The files of each mail, in order; at least one mail, and the first may be without files.

    Args:
        files: To attach, in the order in which they are to be read.
        room: Bytes of a mail on the wire. A file that is larger goes alone, and it is for the
            server to say whether it takes it.
        taken: Bytes on the wire that the first mail needs for its text and pictures.
    """
    mails: list[list[Attachment]] = [[]]
    used = float(taken)
    for file in files:
        size = file.path.stat().st_size * BASE64
        if used + size > room and (mails[-1] or used):
            mails.append([])
            used = 0.0
        mails[-1].append(file)
        used += size
    return mails
