"""Brings releases to MLflow and says of each, as a line of JSON, what became of it. Started by `outbox.deliver`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from forecast.core.errors import TrackingError
from forecast.release.tracking.sending import find, send
from forecast.release.tracking.session import opened


def main() -> None:
    """Send what lies in the outbox, then look up the rest. The arguments of `deliver` come by standard input."""
    outbox, releases, panel, served, uri, artifacts = json.load(sys.stdin)
    try:
        # Asked for once: where nobody answers, every release would cost the same wait.
        with opened(uri, what=f"Tracking {', '.join(releases)}") as client:
            client.search_experiments(max_results=1)
        others = []
        for release in releases:
            if not Path(outbox, release).is_dir():
                others.append(release)
                continue
            try:
                run = send(Path(outbox, release), uri=uri, artifacts=artifacts, champion=release == served)
            except Exception as error:  # whatever keeps one retraining from its place must not hold up the others
                _answer(failure=f"{error}" if isinstance(error, TrackingError) else f"{type(error).__name__}: {error}")
            else:
                _answer(release=release, run=run)
        runs = find(panel, others, uri=uri, champion=served)
        for release, run in runs.items():
            _answer(release=release, run=run)
        if served in others and served not in runs:
            _answer(failure=f"It has no run of {served}, which is served.")
    except TrackingError as error:
        _answer(failure=f"{error}")


def _answer(**answer: Any) -> None:
    sys.stdout.write(f"\n{json.dumps(answer)}\n")  # a line of its own, whatever a library has printed
    sys.stdout.flush()


if __name__ == "__main__":
    main()
