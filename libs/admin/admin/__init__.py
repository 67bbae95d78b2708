"""Bchat from the command line. It needs the broker only: whoever holds that is trusted."""
