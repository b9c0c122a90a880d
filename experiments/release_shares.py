"""Which share of southwest encounters was released, by month? Derives forecast/planning/released.csv of OHSS's tables.

.venv/bin/python experiments/release_shares.py 2024_1206_ohss_..._august-2024.xlsx > forecast/planning/released.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from python_calamine import CalamineWorkbook

from forecast.core.months import Month

SHEET = "CBP SWB Book-Outs by Agency"
HEAD = """\
# Southwest border: encounters, and those of them who were released, by month of encounter, each rounded to ten.
# Source: DHS Office of Homeland Security Statistics (OHSS), Immigration Enforcement and Legal Processes Monthly Tables,
# August 2024 (published 2024-12-06), sheet "CBP SWB Book-Outs by Agency". A work of the U.S. Government.
# Columns are named for the panel whose counts they go with. usbp-sectors: "Total Encounters" and "USBP Releases" under
# USBP. cbp-states: "Total Encounters" under Total CBP, and the sum of "USBP Releases" and "OFO Paroles" there.
# Derived by experiments/release_shares.py.
month,usbp-sectors_encounters,usbp-sectors_released,cbp-states_encounters,cbp-states_released
"""


def main() -> None:
    """Read the workbook, print the table."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("workbook", type=Path, help="OHSS's monthly tables, .xlsx")
    asking.add_argument("--quick", action="store_true", help="the first twelve months alone: shows that it runs")
    asked = asking.parse_args()
    print(derived(asked.workbook, months=12 if asked.quick else None), end="")


def derived(workbook: Path, months: int | None = None) -> str:
    """The table of a workbook as text; of its first `months`, or of all."""
    rows = CalamineWorkbook.from_path(workbook).get_sheet_by_name(SHEET).to_python()
    return HEAD + "".join(f"{','.join(map(str, row))}\n" for row in islice(_rows(rows), months))


def _rows(rows: list[list[object]]) -> Iterator[tuple[object, ...]]:
    """Month, encounters and releases of the Border Patrol, the same of all CBP."""
    agencies, names = rows[2], [str(name).rstrip("0123456789") for name in rows[3]]
    patrol = agencies.index("USBP")
    places = {
        "usbp": names.index("Total Encounters", patrol),
        "usbp_released": names.index("USBP Releases", patrol),
        "cbp": names.index("Total Encounters"),
        "releases": names.index("USBP Releases"),
        "paroles": names.index("OFO Paroles"),
    }
    year = 0
    for row in rows[4:]:
        if str(row[0]).startswith("X"):
            return
        if row[0] != "":
            year = int(str(row[0])[:4])
        if row[1] == "Total":
            continue
        figure = {name: int(float(str(row[place]))) for name, place in places.items()}
        released = figure["releases"] + figure["paroles"]
        yield Month.fiscal(year, str(row[1])), figure["usbp"], figure["usbp_released"], figure["cbp"], released


if __name__ == "__main__":
    main()
