"""Sends folders of the outbox to MLflow, oldest first, and says of each on standard output what became of it. Started by `outbox`.

Standard input: `folders`, `uri`, `artifacts`, and the `seconds` after which the process ends by itself, should nobody be left to kill it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints would garble the answers

    def answer(**found: Any) -> None:
        print(json.dumps(found), file=answers, flush=True)

    from forecast.core.errors import TrackingError
    from forecast.release.tracking import described
    from forecast.release.tracking.sending import send
    from forecast.release.tracking.session import opened

    due = []
    for folder in map(Path, asked["folders"]):
        try:
            due.append((described.read(folder).moment, folder))
        except TrackingError as error:
            answer(release=folder.name, failure=str(error))
    try:
        # Asked for once: where nobody answers, every folder would cost the same wait.
        with opened(asked["uri"], what=f"Tracking {', '.join(folder.name for _, folder in sorted(due))}") as client:
            client.search_experiments(max_results=1)
    except TrackingError as error:
        answer(failure=str(error))
        return
    for _, folder in sorted(due):
        try:
            answer(release=folder.name, run=send(folder, uri=asked["uri"], artifacts=asked["artifacts"]))
        except Exception as error:  # whatever keeps one retraining from its place must not hold up the others
            answer(release=folder.name, failure=f"{error}" if isinstance(error, TrackingError) else f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
