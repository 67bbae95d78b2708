"""Mechanism every service shares. It knows no service and no event by name."""
