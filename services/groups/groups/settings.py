"""All settings of groups: only what every service has."""

from kit.config import Settings


class GroupsSettings(Settings):
    """Groups needs nothing of its own."""
