"""Offices: a home and a store each, with a past of some months, to be copied by tests of what each new month does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from forecast import pipeline
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.counts.archive import Archive
from forecast.pipeline import training
from forecast.pipeline.training import Training
from forecast.release import schema
from forecast.release.store import connect, reading
from tests.pipeline.conftest import Home, Silence, vintage
from tests.release.conftest import as_admin

__all__ = ["APRIL", "JULY", "JUNE", "MAY", "PANEL", "Office", "april", "may", "past"]

PANEL = "cbp-states"
# The evaluation before a publication is a short one.
SHORT = {**bundled(), PANEL: replace(bundled()[PANEL], evaluation=(1, 6))}
APRIL = Month.of(2024, 4)
# When the counts through March, April and May 2024 are retrained on.
MAY, JUNE, JULY = (datetime(2024, month, 3, 6, 0, tzinfo=UTC) for month in (5, 6, 7))


class Office:
    """Retrains on a day; remembers what was said. `first`: the release of May."""

    def __init__(self, home, url, silence, first=""):
        self.home, self.url, self.silence, self.first, self.said = home, url, silence, first, silence.said
        self.engine = connect(url)

    def retrain(self, day, **more):
        job = replace(self.home.without_tracking(), engine=self.engine, clock=lambda: day)
        return pipeline.retrain(PANEL, job, self.silence, **more)

    def arrive(self, months, published, digit, factor=1.0):
        """An official file comes in; its last month is `factor` times what it would have been."""
        file = vintage(months, published, digit)
        values = file.values.copy()
        values[-1] = np.round(values[-1] * factor)
        self.home.archive.append(replace(file, values=values), accept=True)

    def rows(self):
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(schema.accuracy)).scalar_one()


def past(base, address):
    """Yields a function that copies an office: after the retraining of May, or after April's counts and that of June.

    `base`: a folder for the two that are copied; `address`: of PostgreSQL, None for SQLite.

    The evaluation before a publication is a short one, and nothing is drawn for MLflow: test_retrain.py does both in
    full.
    """

    def store(name, kept=""):
        if address is None:
            if kept:
                shutil.copy(base / f"{kept}.db", base / f"{name}.db")
            return f"sqlite:///{base}/{name}.db"
        made = f"CREATE DATABASE {name}" + (f" TEMPLATE {kept}" if kept else "")
        as_admin(address, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", made)
        return address.replace("/postgres?", f"/{name}?")

    def copied(name, kept, folder, silence):
        root = Path(shutil.copytree(base / kept, folder / name))
        return Office(Home(root, Archive(root / "archive", panels=SHORT)), store(name, kept), silence, first)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "RECORD_MONTHS", 24)
        patch.setattr(Training, "_describe", lambda *_: None)
        archive = Archive(base / "may" / "archive", panels=SHORT)
        archive.append(vintage(66, date(2024, 4, 30)))
        may = Office(Home(base / "may", archive), store("may"), Silence())
        first = may.retrain(MAY).release
        may.engine.dispose()  # a store is copied while nobody is connected to it
        june = copied("june", "may", base, Silence())
        april(june)
        june.retrain(JUNE)
        june.engine.dispose()
        yield copied


def april(office, factor=1.0):
    """The counts of April come in on 31 May."""
    office.arrive(67, date(2024, 5, 31), "b", factor)


def may(office):
    office.arrive(68, date(2024, 6, 30), "c")
