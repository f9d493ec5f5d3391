"""Speed, beside a floor and a plain stack measured in the same run. See README.md."""
