"""What people read: the same words in every language, and some for each refusal that a person can meet."""

import ast
import json
import re
from functools import cache

import pytest
from kit import errors
from machine import CLIENT, ROOT

LANGUAGES = ("en", "zh-Hant", "zh-Hans")
PLURALS = re.compile(r"_(?:ordinal_)?(?:zero|one|two|few|many|other)$")
# Only a program that is wrong, or one that is no client of ours, is told these.
PROGRAMS = {
    "already_greeted", "full", "idempotency_key_reused", "idempotency_key_unanswered", "invalid_cursor",
    "invalid_device", "invalid_frame", "invalid_idempotency_key", "invalid_json", "invalid_people",
    "invalid_signature", "invalid_time", "invalid_timestamp", "invalid_window", "method_not_allowed",
    "no_sockets_here", "not_a_websocket", "not_found", "too_many_calls", "unknown_type", "unreadable",
}  # fmt: skip
# The client takes a new token, or asks to sign in, instead of telling of it.
TOKENS = {"invalid_refresh_token", "invalid_token", "not_signed_in", "refresh_token_reused", "token_expired"}
# Met by pictures, which are then not drawn, and by calendar applications.
ELSEWHERE = {
    "avatar_not_found", "calendar_not_found", "no_picture", "picture_not_found", "too_many_misses",
    "too_many_reads",
}  # fmt: skip
REFUSALS = {name for name, one in vars(errors).items() if isinstance(one, type)} | {"wrong"}


@cache
def words(language: str) -> dict[str, str]:
    """All of them by their path, such as `problem.network`."""
    told: dict[str, str] = {}

    def walk(tree: dict[str, object], path: tuple[str, ...]) -> None:
        for name, value in tree.items():
            if isinstance(value, dict):
                walk(value, (*path, name))
            else:
                told[".".join((*path, name))] = str(value)

    for file in (f"{language}.json", f"later-{language}.json"):
        walk(json.loads((CLIENT / "src" / "i18n" / file).read_text()), ())
    return told


def keys(language: str) -> set[str]:
    return {PLURALS.sub("", key) for key in words(language)}


def documented() -> set[str]:
    """The refusals that the services name in their pages."""
    named: set[str] = set()
    for page in ROOT.glob("services/*/README.md"):
        for part in re.findall(
            r"^(?:Refusals|HTTP|Socket): .*?(?=\n\n|\n#|\Z)", page.read_text(), re.S | re.M
        ):
            named |= set(
                re.findall(r"`([a-z]+(?:_[a-z]+)+|busy|starting|timeout|unavailable|unreadable)`", part)
            )
    return named - {"retry_after"}


def raised() -> set[str]:
    """The refusals that stand in the code."""
    found: set[str] = set()
    for file in (
        path for place in ("services/*/[a-z]*", "libs/kit/kit") for path in ROOT.glob(f"{place}/**/*.py")
    ):
        if "tests" in file.parts or "migrations" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in REFUSALS and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_refusal_that_a_person_can_meet_has_words(language: str) -> None:
    codes = documented() | raised()
    assert len(codes) > 100
    met = codes - PROGRAMS - TOKENS - ELSEWHERE
    assert {code for code in met if f"problem.{code}" not in keys(language)} == set()


def test_what_nobody_meets_is_still_a_refusal_and_takes_no_words() -> None:
    apart = PROGRAMS | TOKENS | ELSEWHERE
    assert apart <= documented() | raised()
    assert {code for code in apart if f"problem.{code}" in keys("en")} == set()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_same_words_with_the_same_gaps(language: str) -> None:
    assert keys(language) ^ keys("en") == set()
    gaps = re.compile(r"{{(\w+)}}")
    spoken: dict[str, set[str]] = {}
    for key, text in words("en").items():
        spoken.setdefault(PLURALS.sub("", key), set()).update(gaps.findall(text))
    differing = {
        key: text
        for key, text in words(language).items()
        if not set(gaps.findall(text)) <= spoken[PLURALS.sub("", key)]
    }
    assert differing == {}
