"""Does each part of the recipe earn its place? Scores several recipe files against the first, with intervals that tell noise from skill.

A part that is left out without a loss beyond noise is a part too many. Give the whole recipe first, then one file per part left out:

    .venv/bin/python experiments/ablation.py whole.toml without-theta.toml --first 2012-02 --last 2022-08
"""

from __future__ import annotations

from experiments.arguments import parser, replay
from forecast.core.errors import EncountersError
from forecast.evaluation.board_text import lines
from forecast.evaluation.leaderboard import boards


def main() -> None:
    """Replay the recipes and print a board per part of the cells."""
    asking = parser(__doc__)
    asking.add_argument("recipes", nargs="+", metavar="RECIPE", help="names or files of recipes, the whole one first")
    asking.add_argument("--by", choices=["group", "era", "band"], default="group", help="how the cells are parted (default: %(default)s)")
    asked = asking.parse_args()
    try:
        made = replay(asked, recipes=asked.recipes)
        whole = made.study.recipes[0].name
        origins = made.study.origins
        print(f"{asked.panel}: {len(origins)} origins, {origins[0]} to {origins[-1]}, {asked.horizon} months ahead")
        print(f"Above 1: worse than {whole}; an interval that holds 1: no difference beyond noise")
        for board in boards(made.scores, against=whole, by=asked.by):
            print("\n" + "\n".join(lines(board.as_json(), whole)))
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
