"""What `--help` lists."""

import re

import pytest


@pytest.mark.parametrize("group", [(), ("panels",), ("vintages",), ("keys",), ("outside",)])
def test_commands_are_listed_by_whole_sentences(command, group):
    code, out, _ = command(*group, "--help")
    listed = out.split("Commands:\n")[1]
    sentences = re.split(r"^  (?=\w)", listed, flags=re.MULTILINE)[1:]
    assert code == 0
    assert len(sentences) >= 2
    assert all(re.search(r"[^.]\.$", sentence.strip()) for sentence in sentences)


def test_options_name_what_they_take_in_words(command):
    for name in ("retrain", "backtest", "compare", "predict"):
        assert "<str>" not in command(name, "--help")[1]
        assert "<list[str]>" not in command(name, "--help")[1]
