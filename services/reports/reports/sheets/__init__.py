"""Numbers to what a report says: key figures, charts, the tables behind them, and notes, in words."""
