"""The road from counts to a published release, one panel at a time.
Composes the wings; computes nothing and reads no clock or environment.

Heavy libraries are imported where training starts, so that finding nothing new costs a second.
"""

from forecast.pipeline.catching_up import Sending
from forecast.pipeline.job import Job, Progress, Result
from forecast.pipeline.retraining import HINDCAST, release_key, retrain

__all__ = ["HINDCAST", "Job", "Progress", "Result", "Sending", "release_key", "retrain"]
