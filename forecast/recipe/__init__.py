"""The one way from counts to forecasts, for backtests and production alike."""
