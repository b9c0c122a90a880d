"""`encounters`: the operator's command. Arguments, progress and exit codes; the work is done in the wings below."""

import gc
import os

# One BLAS thread, before numpy is loaded: the matrices are small and threads only wait for each other; workers fill the
# cores. All that a pool sets for its workers: a name that came and went could be missed by a thread that copies the
# environment for a process of its own.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# Nothing is garbage while modules are loaded: looking for some takes a sixth of a short command's time.
gc.disable()
from forecast.cli.main import main  # noqa: E402 numpy must find the setting

gc.freeze()
gc.enable()

__all__ = ["main"]
