"""The words of reports in other languages; English is the key."""

CATALOGUE: dict[str, dict[str, str]] = {}
