"""Records of legal entities for examples. Codes are from the range for fictional ones."""

MARKET = "market_regulation__enterprises"
TAX = "taxation__taxpayers"
INSURED = "human_resources__insured_units"


def record(source, name, code=None, **more):
    """A record; a USCC also gives the organisation code that its parser reads out of it."""
    implied = {"uscc": code, "uscc_organization_code": code[8:17]} if code else {}
    return {"source": source, "organization_name": name, **implied, **more}


def uscc(number):
    """The 18 characters of a fictional code; its check digits are not looked at here."""
    return f"91110105PDY{number:05d}0A"
