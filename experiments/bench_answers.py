"""Where does the processor time of a new answer go? The service in this process, layer by layer, without a socket.

    .venv/bin/python experiments/bench_answers.py [--questions 300] [--calls 25]

Microseconds of processor time: the mean over questions of the shortest of some calls each, which a busy machine changes
least. The questions are drawn as those of bench_service, the same in every run, and put to a made-up release of 20
areas; no answer is kept between two calls.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiments.bench_service import fresh, made_up
from forecast.release import parquet, shapes
from service import bodies, query, serializers
from service.answers import ALIAS, Answer
from service.app import create_app
from service.choosing import choose
from service.routes.forecasts import ForecastParameters, _question, at_once
from service.settings import ServiceSettings

FORMS = {"JSON": "", "CSV": ".csv", "Parquet": ".parquet"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300, help="default: %(default)s")
    parser.add_argument("--calls", type=int, default=25, help="of each question (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="20 questions, three calls each")
    asked = parser.parse_args()
    random.seed(1)
    number, calls = (20, 3) if asked.quick else (asked.questions, asked.calls)
    with tempfile.TemporaryDirectory() as folder:
        slugs = made_up(Path(folder), 20)
        app = create_app(ServiceSettings(home=Path(folder), kept_bytes=0, rate=0))
        app.state.context.release_cache.refresh()
        parquet.is_loaded() or shapes.intervals([]).parquet()
        for form, suffix in FORMS.items():
            few = max(number // 3, 1) if form == "Parquet" else number
            questions = [urlsplit(target).query.encode() for target in fresh(slugs, suffix=suffix)[:few]]
            for layer, work in _layers(app, f"/v1/forecasts{suffix}").items():
                if form == "JSON" or layer in ("body", "short path", "application"):
                    print(f"{form:<8} {layer:<32}{_shortest(work, questions, calls):>8.1f}", flush=True)
        app.state.context.release_cache.engine.dispose()


def _layers(app: Any, path: str) -> dict[str, Callable[[bytes], Callable[[], Any]]]:
    """Layer -> what makes the work of a question, of which the call is timed."""
    here, form = app.state.context, query.MEDIA
    kind = dict(zip([f"/v1/forecasts{end}" for end in FORMS.values()], form, strict=True))[path]

    def asked(question: bytes) -> Any:
        given = dict(query.pairs(question))
        query.check(given, here)
        parameters = ForecastParameters.model_validate(given)
        return _question(here.catalogue, parameters, parameters.panel)

    def chosen(question: bytes) -> Any:
        return choose(here.catalogue, here.release_cache.newest, asked(question))

    def head(question: bytes) -> Callable[[], bytes]:
        (release, _), *_ = chosen(question)
        return lambda: bodies.render(bodies.served_head(release, here.today()))

    def written(question: bytes) -> Callable[[], bytes]:
        areas, wanted = chosen(question), asked(question)
        return lambda: b"".join(serializers.written(areas, wanted, kind, today=here.today()))

    def digest(question: bytes) -> Callable[[], Answer]:
        content = written(question)()
        return lambda: Answer(content, form[kind], cache=ALIAS, keep=True)

    def whole(question: bytes) -> Callable[[], Any]:
        return lambda: _drive(app.middleware_stack, path, question)

    app.middleware_stack = app.build_middleware_stack()
    return {
        "reading the question": lambda question: lambda: asked(question),
        "  and choosing areas": lambda question: lambda: chosen(question),
        "head of the release": head,
        "body": written,
        "answer with its digest": digest,
        "short path": lambda question: lambda: at_once(here, path, question, b""),
        "application": whole,
    }


def _drive(app: Any, path: str, question: bytes) -> None:
    """One request through every layer; nothing of it waits, so that no event loop is needed."""
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": question,
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"*/*")], "client": ("127.0.0.1", 5000), "scheme": "http",
        "server": ("127.0.0.1", 8000), "root_path": "", "http_version": "1.1",
    }  # fmt: skip

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise SystemExit(f"{path}?{question.decode()} was answered {message['status']}")

    async def receive() -> Any:
        return await asyncio.sleep(3600)

    try:
        app(scope, receive, send).send(None)
    except StopIteration:
        return
    raise SystemExit(f"{path} waited for something: it did not take the short path")


def _shortest(work: Callable[[bytes], Callable[[], Any]], questions: Sequence[bytes], calls: int) -> float:
    """Mean over the questions of the shortest call, in microseconds of processor time."""
    best = []
    for question in questions:
        call, spent = work(question), []
        for _ in range(calls):
            begin = time.process_time_ns()
            call()
            spent.append(time.process_time_ns() - begin)
        best.append(min(spent) / 1000)
    return statistics.mean(best)


if __name__ == "__main__":
    main()
