"""The gateway: where the clients come in."""

VERSION = "0.1.0"
