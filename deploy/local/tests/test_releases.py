"""Which services a change touches, how one is released, and what of a contract may not change."""

import json
import subprocess
from pathlib import Path

import pytest
from machine import ROOT, Trouble
from releases import PARTS, Releases, changed_methods


@pytest.fixture
def repository(tmp_path: Path) -> Releases:
    """A copy of this one, in which everything has just been released."""
    place = tmp_path / "bchat"
    subprocess.run(["git", "clone", "--quiet", "--no-tags", ROOT, place], check=True)
    releases = Releases(place)
    releases.git("config", "user.name", "Someone")
    releases.git("config", "user.email", "someone@example.com")
    for part in PARTS:
        releases.git("tag", released(releases, part))
    return releases


def released(releases: Releases, part: str) -> str:
    """The tag of the release that the fixture made of a part."""
    return f"{part}/v{releases.version(part)}"


def newer(version: str) -> str:
    return f"{int(version.split('.')[0]) + 1}.0.0"


def write(releases: Releases, name: str, text: str) -> None:
    path = releases.root / name
    path.write_text(text)


def test_a_change_touches_those_in_whose_image_it_is(repository: Releases) -> None:
    assert repository.touched() == {}
    for name in ("docs/glossary.md", "services/chat/README.md", "services/chat/tests/test_send.py"):
        write(repository, name, repository.read(name) + "\n")
    assert repository.touched() == {}
    for name, parts in (
        ("services/news/news/fields.py", {"news"}),
        ("clients/web/src/main.tsx", {"news", "gateway"}),
        ("libs/admin/admin/lists.py", {"news", "gateway", "admin"}),
    ):
        write(repository, name, repository.read(name) + "\n")
        assert set(repository.touched()) == parts
    write(repository, "libs/kit/kit/new.py", "")
    assert set(repository.touched()) == set(PARTS)
    assert repository.touched()["chat"] == ["libs/kit/kit/new.py"]


def test_a_newer_package_touches_who_is_built_on_it(repository: Releases) -> None:
    lock = repository.read("uv.lock")
    assert 'name = "filetype"\nversion = "1.2.0"' in lock
    write(
        repository, "uv.lock", lock.replace('"filetype"\nversion = "1.2.0"', '"filetype"\nversion = "1.3.0"')
    )
    assert repository.touched() == {"chat": ["filetype 1.2.0", "filetype 1.3.0"]}


def test_a_release_stands_everywhere_and_is_tagged(repository: Releases) -> None:
    first = {part: released(repository, part) for part in ("reports", "chat", "news")}
    was, chat = repository.version("reports"), repository.version("chat")
    now = newer(was)
    log = "services/reports/CHANGELOG.md"
    text = repository.read(log).replace("## Unreleased\n", "")
    write(repository, log, text.replace(f"## {was}", f"## Unreleased\n- Something.\n\n## {was}", 1))
    with pytest.raises(Trouble, match="not committed"):
        repository.release("reports", now)
    repository.git("commit", "--quiet", "--all", "--message", "reports: Do something.")
    for version, said in ((was, "newer"), ("2", "no version")):
        with pytest.raises(Trouble, match=said):
            repository.release("reports", version)
    assert repository.release("reports", now) == repository.last("reports") == f"reports/v{now}"
    assert repository.version("reports") == now
    assert f"## {now}\n- Something." in repository.read(log)
    compose = repository.read("docker-compose.yml")
    assert f"image: bchat/reports:{now}" in compose
    assert f"bchat/reports:{was}" not in compose
    assert f"bchat/chat:{chat}" in compose
    for base in ("reports", "reports-worker"):
        assert f"newTag: {now}" in repository.read(f"deploy/k8s/base/{base}/kustomization.yaml")
    assert repository.git("status", "--porcelain") == ""
    assert "reports" not in repository.touched()
    # The one before, even though other services were released since.
    write(
        repository,
        "services/chat/CHANGELOG.md",
        "## Unreleased\n" + repository.read("services/chat/CHANGELOG.md"),
    )
    repository.git("commit", "--quiet", "--all", "--message", "chat: Do something.")
    repository.release("chat", newer(chat))
    assert {part: repository.before(part) for part in first} == first
    with pytest.raises(Trouble, match="say there what is new"):
        repository.release("reports", newer(now))


def test_the_release_before_of_one_service_gets_on_with_all_others_of_now(repository: Releases) -> None:
    """Its own code in its own environment reads what is said now, and is asked as it was."""
    tag = released(repository, "location")
    joined, left = (f"services/groups/contract/member_{what}.v1.json" for what in ("joined", "left"))
    contract = json.loads(repository.read(joined))
    contract["examples"][0]["added_later"] = True
    write(repository, joined, json.dumps(contract))
    assert repository.incompatible(["location"]) == []

    # What it hears is said otherwise, and no longer.
    del contract["examples"][0]["user_id"]
    write(repository, joined, json.dumps(contract))
    (repository.root / left).unlink()
    # What others hear of it needs more than it says, and what it answers is no longer answered.
    events, service = "services/gateway/gateway/events.py", "services/location/location/service.py"
    heard = 'class ShareStarted(_Share, type="location.share_started"):'
    assert f"{heard} ..." in repository.read(events)
    write(repository, events, repository.read(events).replace(f"{heard} ...", f"{heard}\n    colour: str"))
    assert "def stop(" in repository.read(service)
    write(repository, service, repository.read(service).replace("def stop(", "def end("))
    wrong = sorted(repository.incompatible(["location"]))
    assert len(wrong) == 4, wrong
    assert wrong[0].startswith(f"gateway can't hear location.share_started.v1 as {tag} says it (")
    assert "colour" in wrong[0]
    assert wrong[0].endswith("give the field a default.")
    assert wrong[1].startswith("location.stop is gone")
    assert wrong[2].startswith(f"{tag} can't hear groups.member_joined.v1 as it is said now (")
    assert wrong[2].endswith("say the change as a new version, beside this one.")
    assert wrong[3].startswith(f"{tag} hears groups.member_left.v1, which nobody says any longer")


def test_a_method_goes_on_taking_what_it_took_and_needs_no_more() -> None:
    was = {"send": {"text": True, "kind": False}, "read": {"seq": True}}
    assert changed_methods("chat", "chat/v0.1.0", was, {**was, "new": {"all": True}}) == []
    now = {"send": {"text": True, "kind": True, "group_id": True}, "read": {"at": False}}
    assert changed_methods("chat", "chat/v0.1.0", was, now) == [
        "chat.send must now be given `kind`, which who asks chat/v0.1.0 doesn't: give it a default.",
        "chat.send must now be given `group_id`, which who asks chat/v0.1.0 doesn't: give it a default.",
        "chat.read takes no `seq` any longer, which who asks chat/v0.1.0 gives: go on taking it.",
    ]
    assert len(changed_methods("chat", "chat/v0.1.0", was, {"send": was["send"]})) == 1
