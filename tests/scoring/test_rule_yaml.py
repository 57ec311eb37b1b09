"""YAML as rule files are written in it: what is a word, and what is refused with the place where it stands."""

from pathlib import Path

import pytest

from scoring.errors import RuleFileError
from scoring.rule_yaml import load_yaml


def test_on_and_no_are_words_and_true_is_none(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("{on: no, yes: off, true: false, Å: é}", encoding="utf-8")
    assert load_yaml(file) == {"on": "no", "yes": "off", True: False, "Å": "é"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: a\nlines:\n- {fact: a, fact: b}\n", 'a key stands twice\n  in "<file>", line 3, column 3'),
        ("title: a\n? [fact]\n: b\n", "unhashable key"),
        ("title: [a\n", "line 2, column 1"),
        ("title: \udcff", "codec can't decode byte 0xff"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_file_and_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RuleFileError, match=r"^faulty\.yaml: cannot be read: ") as refused:
        load_yaml(file)
    assert said in str(refused.value).replace("<byte string>", "<file>").replace("<unicode string>", "<file>")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"^lost\.yaml: cannot be read: .*No such file"):
        load_yaml(tmp_path / "lost.yaml")
