"""The gateway: where the clients come in."""

from kit.observe import version_of

# Its documents carry it too: the API is what this release answers.
VERSION = version_of("gateway")
