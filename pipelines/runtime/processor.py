"""Time of the processor, which other work on the machine changes less than that of the clock."""

from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage


def cpu_seconds() -> float:
    """What this process has used so far, and those of its children that have ended."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
