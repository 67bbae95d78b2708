"""Lists of people: what a spreadsheet writes is read, and what can't be is said with its line."""

import csv
import re
from pathlib import Path

import pytest
from admin import lists
from admin.lists import BadList, Row


def listed(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[Row]:
    file = tmp_path / "people.csv"
    file.write_bytes(text.encode(encoding))
    return lists.read(file)


def test_a_list_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    text = (
        "Username; Kind;Display_name;permissions;password\r\n"
        'mei;staff;"Lin; Mei";news:publish  reports:sales,reports:ledger;\r\n'
        ";;;;\r\n"
        'ann;customer;"Ann\nLee";; two spaces \r\n'
    )
    assert listed(tmp_path, text, "utf-8-sig") == [
        Row(
            2,
            {
                "username": "mei",
                "kind": "staff",
                "display_name": "Lin; Mei",
                "permissions": ["news:publish", "reports:sales", "reports:ledger"],
            },
        ),
        Row(
            5,
            {
                "username": "ann",
                "kind": "customer",
                "display_name": "Ann\nLee",
                "permissions": [],
                "password": " two spaces ",
            },
        ),
    ]


def test_columns_that_are_not_there_say_nothing(tmp_path: Path) -> None:
    assert listed(tmp_path, "kind\tusername\nstaff\t張三\n") == [
        Row(2, {"kind": "staff", "username": "張三"})
    ]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["line 1: The column kind is missing.", "line 1: The column username is missing."]),
        ("username,kind,salary\n", ["line 1: There is no column 'salary'."]),
        ("username,kind,kind\n", ["line 1: The column kind is there twice."]),
        ("username,kind\nmei,staff\ntom\n", ["line 3: It has not as many cells as the first line."]),
        ("username,kind\nmei,staff,x\n", ["line 2: It has not as many cells as the first line."]),
        ('username,kind\n"mei"x,staff\n', ["line 2: This is not CSV: ',' expected after '\"'."]),
    ],
)
def test_a_list_that_can_not_be_read_says_where(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(BadList) as bad:
        listed(tmp_path, text)
    assert list(bad.value.problems) == problems


def test_a_list_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="not UTF-8"):
        listed(tmp_path, "username,kind\nzoë,staff\n", "latin-1")


def test_new_passwords_are_written_for_their_owner_only_and_added_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "passwords.csv"
    first, second = lists.new_password(), lists.new_password()
    assert first != second
    assert re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", first)
    for password in (first, second):
        with lists.passwords(file) as written:
            written.add({"mei": password})
    assert list(csv.reader(file.open())) == [["mei", first], ["mei", second]]
    assert file.stat().st_mode & 0o777 == 0o600
