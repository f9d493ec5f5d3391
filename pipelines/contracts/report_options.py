"""Report options of a contract: period, language, protection of attachments."""

from collections.abc import Mapping
from typing import Any, get_args

from pipelines.contracts.faults import Faults
from pipelines.contracts.servers.addresses import SECRET
from pipelines.contracts.source import Period, Protection, Reporting
from pipelines.standards.rules import Language


def build_reporting(custom: Mapping[str, Any], faults: Faults) -> Reporting:
    """The options ``report_period``, ``report_language`` and ``attachment_…``."""
    reporting = Reporting(
        period=_choice(custom, "report_period", "batch", Period, "a period of reports", faults),
        language=_choice(custom, "report_language", "zh", Language, "a language", faults),
        protection=_choice(
            custom, "attachment_protection", "masked", Protection, "a protection", faults
        ),
        secret=custom.get("attachment_secret"),
    )
    _check_secret(reporting, faults)
    return reporting


def _choice(
    custom: Mapping[str, Any], name: str, default: str, kind: Any, what: str, faults: Faults
) -> Any:
    value = custom.get(name, default)
    faults.one_of(f"customProperties.{name}", value, get_args(kind), what)
    return value


def _check_secret(reporting: Reporting, faults: Faults) -> None:
    where, secret = "customProperties.attachment_secret", reporting.secret
    if reporting.protection == "password" and secret is None:
        faults.add(
            where,
            None,
            "Workbooks with original values are locked, and nothing says with which password.",
            "Write the NAME of the environment variable BASELIB_SECRET_<NAME> that holds it.",
        )
    elif secret is not None and not SECRET.fullmatch(str(secret)):
        faults.add(
            where,
            "(hidden)",  # it may be the password itself
            "This is not the name of a secret.",
            "Write capital letters, digits and _; the password itself never stands in a contract.",
        )
