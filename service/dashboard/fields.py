"""Parts of the forms of an area's page and of the answers to them, as HTML. Asks nothing."""

from __future__ import annotations

from collections.abc import Sequence

from service.dashboard.choices import Choices
from service.dashboard.figures import Figures
from service.dashboard.plans import Document
from service.dashboard.plot import text
from service.dashboard.words import long

__all__ = [
    "area_field",
    "asked_any",
    "assumptions",
    "choice",
    "field",
    "fold",
    "form",
    "legend",
    "month_field",
    "section",
    "stroke",
    "table",
]


def section(key: str, title: str, asking: str, answer: Document | str | None, shown: str) -> str:
    """A question with its form, open where it was asked, and its answer as `shown`, or a sentence in its place."""
    said = f'<p class="note">{text(answer)}</p>' if isinstance(answer, str) else shown
    opened = " open" if answer is not None else ""
    head = f'<summary><h2 id="{key}-title">{title}</h2></summary>'
    return f'<details class="ask" id="{key}"{opened}>{head}{asking}{said}</details>'


def form(own: Figures, choices: Choices, key: str, names: Sequence[str], fields: str, *, hint: str = "") -> str:
    """A form that asks `fields`, which have these `names`, and carries along what else was chosen."""
    kept = "".join(f'<input type="hidden" name="{name}" value="{text(value)}">' for name, value in choices.but(*names))
    said = f'<p class="hint">{hint}</p>' if hint else ""
    return (
        f'<form class="choices" method="get" action="{text(own.area.slug)}#{key}" '
        f'aria-labelledby="{key}-title">{kept}{fields} '
        f'<button id="show-{key}">Show</button>{said}</form>'
    )


def fold(key: str, title: str, fields: str, *, opened: bool) -> str:
    """Fields of a form that few need, under their title."""
    return (
        f'<details class="fold" id="{key}-fold"{" open" if opened else ""}><summary id="{key}-name">{title}</summary>'
        f'<fieldset aria-labelledby="{key}-name">{fields}</fieldset></details>'
    )


def asked_any(choices: Choices, *names: str) -> bool:
    """Whether one of some fields was filled in, or the further end of its range."""
    return any(name.removesuffix("_to") in names for name, _ in choices.asked)


def field(name: str, label: str, choices: Choices) -> str:
    """A number with its label."""
    value = text(dict(choices.asked).get(name, ""))
    return (
        f'<label>{label} <input class="number" name="{name}" id="{name}" inputmode="decimal" maxlength="20" '
        f'autocomplete="off" value="{value}"></label> '
    )


def month_field(own: Figures, name: str, label: str, choices: Choices, *, plain: str = "") -> str:
    """One of the months ahead, with its label: the next one where none was chosen, or none where `plain` says so."""
    now = dict(choices.asked).get(name) or ("" if plain else str(own.next[0] if own.next else ""))
    options = f'<option value="">{plain}</option>' if plain else ""
    options += "".join(
        f'<option value="{one}"{" selected" if str(one) == now else ""}>{long(one)}</option>' for one, _ in own.ahead
    )
    return f'<label>{label} <select name="{name}" id="{name}">{options}</select></label> '


def choice(name: str, label: str, choices: Choices, options: Sequence[tuple[str, str]], *, none: str) -> str:
    """One of some values, each with its words, or `none` of them; with its label."""
    now = dict(choices.asked).get(name, "")
    listed = "".join(
        f'<option value="{text(value)}"{" selected" if value == now else ""}>{text(words)}</option>'
        for value, words in (("", none), *options)
    )
    return f'<label>{label} <select name="{name}" id="{name}">{listed}</select></label> '


def area_field(name: str, label: str, choices: Choices) -> str:
    """An area by any of its names, with its label; a script offers those that fit what is typed."""
    value = text(dict(choices.asked).get(name, ""))
    return (
        f'<label for="{name}">{label}</label> <span class="combo"><input id="{name}" name="{name}" type="search" '
        f'autocomplete="off" spellcheck="false" maxlength="100" value="{value}" data-find="../areas"></span> '
    )


def table(key: str, caption: str, heads: Sequence[str], body: str, *, kind: str = "") -> str:
    """A table in a box that scrolls by itself. `heads`, `body`: HTML; `kind`: attributes that scripts find it by."""
    first, *others = heads
    head = f'<th scope="col">{first}</th>' + "".join(f'<th scope="col" class="figure">{name}</th>' for name in others)
    return (
        f'<div class="wide tall" tabindex="0" role="region" aria-labelledby="{key}-name"><table{kind}>'
        f'<caption id="{key}-name">'
        f"{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def stroke(kind: str) -> str:
    """The picture of a line in a legend, by its class."""
    return f'<path class="{kind}" d="M0 7H28"/>'


def legend(*entries: tuple[str, str]) -> str:
    """What each line and band is called, behind a picture of its own, so that colour is never all."""
    listed = "".join(
        f'<li><svg width="28" height="14" aria-hidden="true">{picture}</svg> {name}</li>' for picture, name in entries
    )
    return f'<ul class="legend">{listed}</ul>'


def assumptions(key: str, answer: Document) -> str:
    """Everything that an answer takes for granted, folded."""
    said = "".join(f"<li>{text(one)}</li>" for one in answer["assumptions"])
    return f'<details id="{key}-assumed"><summary>What is taken for granted</summary><ul>{said}</ul></details>'
