"""What a scenario's body may not say: one error each, with the event and the member."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from forecast.core.area_names import AreaNames
from forecast.core.errors import PlanError
from forecast.core.panels import bundled
from forecast.planning.body import MOST_BYTES, parsed
from forecast.planning.events import read_events
from forecast.planning.question import read_scenario
from tests.planning.test_scenario import BEDS, CHANGE, EVENTS, GROUP, TRANSFER
from tests.planning.worlds import ORIGIN, window

NAMES = AreaNames(bundled().values())
WITHOUT = object()


def change(event, **members):
    return {name: value for name, value in {**event, **members}.items() if value is not WITHOUT}


WRONG = {
    "an unknown kind": (change(CHANGE, kind="flood"), "kind"),
    "no kind": (change(CHANGE, kind=WITHOUT), "kind"),
    "an unknown member": (change(CHANGE, multiplyer=2), "multiplyer"),
    "no month": (change(CHANGE, month=WITHOUT), "month"),
    "a month that is none": (change(CHANGE, month="2024-13"), "month"),
    "a day": (change(CHANGE, month="2024-12-01"), "month"),
    "a month before the origin": (change(CHANGE, month="2023-01"), "month"),
    "the origin": (change(CHANGE, month="2024-11"), "month"),
    "a month after the last": (change(CHANGE, month="2025-06"), "month"),
    "digits of another script": (change(CHANGE, month="\uff12\uff10\uff12\uff14-12"), "month"),
    "a number as month": (change(CHANGE, month=202412), "month"),
    "no factor": (change(CHANGE, multiplier=WITHOUT), "multiplier"),
    "a factor and an analogue": (change(CHANGE, analogue="title-42-end"), "multiplier"),
    "an analogue that nobody knows": (change(CHANGE, multiplier=WITHOUT, analogue="title-43"), "analogue"),
    "a factor below 0": (change(CHANGE, multiplier=-0.1), "multiplier"),
    "a reversed range": (change(CHANGE, multiplier=[1.8, 1.1]), "multiplier"),
    "a range of three": (change(CHANGE, multiplier=[1, 2, 3]), "multiplier"),
    "a range of nothing": (change(CHANGE, multiplier=[None, 2]), "multiplier"),
    "true as a number": (change(CHANGE, multiplier=True), "multiplier"),
    "text as a number": (change(CHANGE, multiplier="2"), "multiplier"),
    "a factor beyond belief": (change(CHANGE, multiplier=1e308), "multiplier"),
    "an infinite factor": (change(CHANGE, multiplier=float("inf")), "multiplier"),
    "an unknown area": (change(CHANGE, areas=["el-passo"]), "areas"),
    "an area that is no text": (change(CHANGE, areas=[7]), "areas"),
    "no areas in a list": (change(CHANGE, areas=[]), "areas"),
    "areas that are no list": (change(CHANGE, areas="el-paso"), "areas"),
    "an area of another panel": (change(CHANGE, areas=["state-tx"]), "areas"),
    "shares over 1": (change(GROUP, share={"el-paso": 0.7, "del-rio": 0.4}), "share"),
    "a share over 1": (change(GROUP, share={"el-paso": 1.2}), "share"),
    "ranges of shares over 1": (change(GROUP, share={"el-paso": [0.5, 0.8], "laredo": [0.1, 0.3]}), "share"),
    "no shares": (change(GROUP, share={}), "share"),
    "no share and nothing to learn it for": (change(GROUP, share=WITHOUT), "share"),
    "shares and something to learn them for": (change(GROUP, towards="el-paso"), "towards"),
    "one area by two names": (change(GROUP, share={"el-paso": 0.2, "El Paso, TX": 0.2}), "share"),
    "people below 0": (change(GROUP, people=-1), "people"),
    "no people": (change(GROUP, people=WITHOUT), "people"),
    "a reversed window": (change(GROUP, arrive=["2025-01", "2024-12"]), "arrive"),
    "a window of one": (change(GROUP, arrive=["2025-01"]), "arrive"),
    "a show-up over 1": (change(GROUP, show_up=[0.5, 1.5]), "show_up"),
    "parts that lose people": (change(TRANSFER, to={"laredo": 0.5}), "to"),
    "parts that make people": (change(TRANSFER, to={"laredo": 0.7, "yuma": 0.7}), "to"),
    "a transfer to itself": (change(TRANSFER, to={"el-paso": 1}), "to"),
    "a transfer from nowhere": (change(TRANSFER, **{"from": WITHOUT}), "from"),
    "a transfer of more than all": (change(TRANSFER, share=1.01), "share"),
    "beds that are text": (change(BEDS, beds="many"), "beds"),
    "no object": (["change"], ""),
    "nothing as an event": (None, ""),
    "a number as an event": (7, ""),
    "a kind in capitals": (change(CHANGE, kind="Change"), "kind"),
    "a kind in a list": (change(CHANGE, kind=["change"]), "kind"),
    "a month with a slash": (change(CHANGE, month="2024/12"), "month"),
    "a month of the year nought": (change(CHANGE, month="0000-00"), "month"),
    "the last month that can be written": (change(CHANGE, month="9999-12"), "month"),
    "a factor of 101": (change(CHANGE, multiplier=101), "multiplier"),
    "a range within a range": (change(CHANGE, multiplier=[[1], 2]), "multiplier"),
    "an analogue that is a number": (change(CHANGE, multiplier=WITHOUT, analogue=7), "analogue"),
    "more areas than are taken": (change(CHANGE, areas=["el-paso"] * 101), "areas"),
    "nothing as an area's share": (change(GROUP, share={"el-paso": None}), "share"),
    "a share in a range of one": (change(GROUP, share={"el-paso": [0.1]}), "share"),
    "shares that are a hair over 1": (change(GROUP, share={"el-paso": 0.6, "del-rio": 0.400002}), "share"),
    "shares in a list": (change(GROUP, share=[1]), "share"),
    "another word for shares": (change(GROUP, share="guessed", towards="el-paso"), "towards"),
    "learnt shares of nowhere": (change(GROUP, share="learnt"), "share"),
    "several areas to learn for": (change(GROUP, share=WITHOUT, towards=["el-paso"]), "towards"),
    "people with a comma": (change(GROUP, people="30,000"), "people"),
    "people as ends by name": (change(GROUP, people={"low": 1, "high": 2}), "people"),
    "more people than are taken": (change(GROUP, people=[1, 10_000_001]), "people"),
    "a window that begins with nothing": (change(GROUP, arrive=[None, "2025-01"]), "arrive"),
    "a window in one text": (change(GROUP, arrive="2024-12"), "arrive"),
    "parts below 0": (change(TRANSFER, to={"laredo": 1.5, "yuma": -0.5}), "to"),
    "parts in a list": (change(TRANSFER, to=["laredo"]), "to"),
    "no parts": (change(TRANSFER, to={}), "to"),
    "a transfer to another panel": (change(TRANSFER, to={"state-tx": 1}), "to"),
    "a transfer of a reversed share": (change(TRANSFER, share=[0.2, 0.1]), "share"),
    "a transfer without a month": (change(TRANSFER, from_month=WITHOUT), "from_month"),
    "beds in a reversed range": (change(BEDS, beds=[5, -5]), "beds"),
    "beds beyond belief": (change(BEDS, beds=1e9), "beds"),
    "beds before the origin": (change(BEDS, month="2024-10"), "month"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_taken_is_one_error_with_its_event_and_member(name):
    event, member = WRONG[name]
    with pytest.raises(PlanError) as refused:
        read_events([GROUP, event, CHANGE], replace(window(), named=NAMES.named))
    assert (refused.value.event, refused.value.member) == (2, member)
    assert str(refused.value).startswith("Event 2")
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith((".", "?"))
    assert not str(refused.value).endswith("?.")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (change(GROUP, share={"el-paso": 0.6, "del-rio": 0.400002}), "the shares add up to 1.000002, which is over 1"),
        (change(GROUP, share={"el-paso": None}), "null is no number"),
        (change(GROUP, arrive=[None, "2025-01"]), "null is no month"),
        (change(CHANGE, multiplier=[None, 2]), "null is no number"),
        (change(CHANGE, areas=["el-passo"]), "'el-passo'. Did you mean el-paso?"),
    ],
)
def test_what_is_wrong_is_said_as_it_was_written(event, says):
    with pytest.raises(PlanError) as refused:
        read_events([event], replace(window(), named=NAMES.named))
    assert says in str(refused.value)


def test_more_events_than_are_taken_are_refused_before_any_is_read():
    with pytest.raises(PlanError, match="1000000 events; at most 50"):
        read_events([{}] * 10**6, window())


def months(panel):
    return ORIGIN, ORIGIN + 6


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"areas": ["el-paso", "state-tx"]}, "areas"),
        ({"areas": ["el-paso", "El Paso"]}, "areas"),
        ({"areas": []}, "areas"),
        ({"areas": ["nowhere"]}, "areas"),
        ({"areas": {"el-paso": 1}}, "areas"),
        ({"coverage": [55]}, "coverage"),
        ({"coverage": [80, 80]}, "coverage"),
        ({"coverage": [True]}, "coverage"),
        ({"coverage": "80"}, "coverage"),
        ({"events": None}, "events"),
        ({"events": {}}, "events"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"coverage": []}, "coverage"),
        ({"coverage": [80.0]}, "coverage"),
        ({"coverage": ["80"]}, "coverage"),
        ({"coverage": [100]}, "coverage"),
        ({"areas": None}, "areas"),
        ({"areas": [None]}, "areas"),
        ({"areas": [""]}, "areas"),
        ({"areas": ["el-paso,tucson"]}, "areas"),
        ({"areas": ["el-paso"] * 201}, "areas"),
        ({"events": {"0": CHANGE}}, "events"),
        ({"name": "A-2026-11-27"}, "name"),
        ({"event": []}, "event"),
    ],
)
def test_a_question_that_cannot_be_asked_names_its_member(members, member):
    with pytest.raises(PlanError) as refused:
        read_scenario({"areas": ["el-paso"], "events": EVENTS, **members}, named=NAMES.named, months=months)
    assert (refused.value.event, refused.value.member) == (None, member)


def test_the_contracts_body_is_read():
    body = {"areas": ["el-paso"], "events": EVENTS, "coverage": [95, 50, 80]}
    question = read_scenario(parsed(json.dumps(body)), named=NAMES.named, months=months)
    assert (question.panel, question.areas, question.coverage) == ("usbp-sectors", ("el-paso",), (50, 80, 95))
    assert [type(event).__name__ for event in question.events] == [
        "GroupEvent",
        "ChangeEvent",
        "TransferEvent",
        "BedsEvent",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 60_000, "nested"),
        (b'{"a": ' + b"9" * 5000 + b"}", "no JSON"),
        (b" " * (MOST_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_plain_json_is_refused(text, why):
    with pytest.raises(PlanError, match=why):
        parsed(text)


@pytest.mark.parametrize("number", [b"1e999", b"1" + b"0" * 400, b"-1" + b"0" * 400])
@pytest.mark.parametrize("multiplier", [b"%s", b"[1, %s]", b"[%s, 1]"])
def test_a_number_that_overflows_is_refused_by_its_member(number, multiplier):
    event = b'{"kind": "change", "month": "2024-12", "multiplier": %s}' % (multiplier % number)
    values = parsed(b'{"areas": ["el-paso"], "events": [%s]}' % event)
    with pytest.raises(PlanError, match=r"Event 1 \(change\), multiplier: the number is not finite"):
        read_scenario(values, named=NAMES.named, months=months)
