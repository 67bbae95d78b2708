"""Facts to numbers: what a report says, before anything is drawn."""
