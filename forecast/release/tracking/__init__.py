"""Tracking of retrainings in MLflow: runs, tables, figures, data, fitted models and the registered champion. The only importer of MLflow.

Importing it loads no MLflow; the first call does.
"""

from forecast.release.tracking.families import family_models, load_family
from forecast.release.tracking.runs import ALIAS, experiment_name, log, registered_name
from forecast.release.tracking.training import Training

__all__ = ["ALIAS", "Training", "experiment_name", "family_models", "load_family", "log", "registered_name"]
