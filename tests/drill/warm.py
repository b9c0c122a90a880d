"""Preloaded by the server that retrainings are forked from: what each would read of its sources before it begins."""

from forecast.core.version import code_version
from forecast.evaluation.fingerprint import source_digests

source_digests()
code_version()
