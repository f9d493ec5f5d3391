"""How pages and mails of governance are filled: everything escaped, nothing missing."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from pipelines.standards.tenths import tenths


@cache
def page_template(folder: Path, name: str) -> Template:
    """The template of a folder; what it names and is not given is an error, every value escaped."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tenths"] = tenths
    return environment.get_template(name)
