"""How good forecasts are: backtests, scores, the choice of a champion, and what a release must pass."""
