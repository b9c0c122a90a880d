"""Retrainings in MLflow: runs, tables, figures, data, fitted models, champions. The only importer of MLflow.

In two halves, so that a tracking server never holds a release up. `describing` writes a retraining into a folder of the
outbox; `sending` brings such a folder to MLflow, as often as it takes and once in effect. `outbox` stands between: it
lets a process with a deadline do the sending. Importing this package, or `outbox`, loads neither MLflow nor pandas.
"""
