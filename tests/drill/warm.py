"""Preloaded by the server that retrainings are forked from: what each would read of its sources before it begins, and
load for its first figure.
"""

import io

from matplotlib.figure import Figure

from forecast.core.version import code_version
from forecast.evaluation.fingerprint import source_digests

source_digests()
code_version()
Figure(figsize=(1, 1)).savefig(io.BytesIO())
