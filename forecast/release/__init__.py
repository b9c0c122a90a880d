"""Releases out: the store, publication, reading, and tracking of the runs behind them."""
