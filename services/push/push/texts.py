"""What is told becomes a message: room, sender and first words, or in private neither names nor amounts."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from kit.clock import parse

from push.messages import Message
from push.rules import Sight, Tell, Told
from push.words import Words

NAME = "Bchat"
PRIVATE = {
    "report": "private_report",
    "report_ready": "private_report",
    "report_failed": "private_report",
    "reminder": "private_reminder",
    "person": "private_person",
    "news": "private_news",
    "news_for_staff": "private_news",
    "news_for_all": "private_news",
    "appointment_made": "private_calendar",
    "appointment_moved": "private_calendar",
    "appointment_withdrawn": "private_calendar",
    "appointment_near": "private_reminder",
    "alert": "private_alert",
    "alert_over": "private_alert",
    "source_failed": "private_source",
    "source_mismatched": "private_source",
    "source_good": "private_source",
}
QUIET_KINDS = ("person", "news_for_staff", "news_for_all", "alert_over", "source_good")
KPIS_TOLD = 2


def compose(
    tell: Tell,
    sight: Sight,
    topic: str,
    secret: str,
    names: Mapping[str, str],
    asked: Mapping[str, Any] | None,
    now: datetime,
    left: Collection[str] = (),
) -> Message:
    """
    Args:
        names: of the people that the newest notice names.
        asked: the report or the alert that the newest notice tells of, if the person may see it.
        left: topics that are over and still stand on the device.
    """
    newest, who = tell.notices[0], tell.who
    words = Words(who.locale, who.zone)
    if who.private:
        title, body = NAME, _private(tell, words)
    else:
        title, body = _full(tell, sight, words, names, asked, now)
    in_room = topic.startswith("room:")
    return Message(
        title=title,
        body=body,
        tag=topic,
        url=_url(newest, topic, private=who.private),
        secret=secret,
        at=newest.at,
        kind=newest.kind,
        group_id=newest.group_id,
        seq=newest.seq if in_room else None,
        picture=f"/api/v1/pushes/{secret}/picture" if asked and newest.body.get("report_id") else None,
        urgent=newest.kind not in QUIET_KINDS,
        gone=[other for other in left if other != topic],
    )


def _private(tell: Tell, words: Words) -> str:
    count = len(tell.notices)
    if sentence := PRIVATE.get(tell.notices[0].kind):
        return words(sentence)
    return words("private_message") if count == 1 else words("private_messages", count=count)


def _full(
    tell: Tell,
    sight: Sight,
    words: Words,
    names: Mapping[str, str],
    asked: Mapping[str, Any] | None,
    now: datetime,
) -> tuple[str, str]:
    newest, body = tell.notices[0], tell.notices[0].body
    name = names.get(newest.actor_id or "", words("somebody"))
    count = len(tell.notices)
    room = f"{sight.room or NAME} ({count})" if count > 1 else sight.room or NAME
    match newest.kind:
        case "report_ready":
            return body["title"], _figures(asked, words) or words("report_ready")
        case "report_failed" | "source_good":
            return body["title"], words(newest.kind)
        case "source_failed" | "source_mismatched":
            return body["title"], _closed(words(newest.kind, why=body["why"]))
        case "alert" | "alert_over":
            return body["title"], _closed(words(newest.kind, text=asked["text"] if asked else ""))
        case "news_for_staff" | "news_for_all":
            return body["title"], body["text"] or _closed(words("news", title=""))
        case "person":
            return words("person_title"), words("person", name=name)
        case "report":
            figures = _figures(asked, words)
            return room, f"{body['title']}: {figures}" if figures else body["title"]
        case "task" | "reminder":
            return room, _task(newest, tell.who.id, words, name, names, now)
        case "joined":
            return room, words("joined", name=name)
        case kind if kind.startswith("appointment_"):
            time = words.moment(parse(body["start"]), now, all_day=body["all_day"])
            line = words(kind.removeprefix("appointment_"), time=time)
            return body["title"], f"{line} · {body['place']}" if body["place"] else line
    return room, _message(newest, tell.who.id, words, name)


def _closed(sentence: str) -> str:
    """Without the colon after which nothing has come."""
    return sentence.rstrip(" :：")


def _message(notice: Told, me: str, words: Words, name: str) -> str:
    body, text = notice.body, notice.body["text"]
    if notice.kind == "news":
        return words("news", title=body["title"])
    if notice.kind == "position":
        return words("position", name=name)
    if notice.kind in ("photo", "file"):
        count = body["count"]
        sentence = notice.kind if count == 1 else f"{notice.kind}s"
        sent = words(sentence, name=name, count=count, file=body["name"])
        return f"{sent}: {text}" if text else sent
    return words("mentions" if me in body.get("mentions", ()) else "says", name=name, text=text)


def _task(notice: Told, me: str, words: Words, name: str, names: Mapping[str, str], now: datetime) -> str:
    body = notice.body
    match body["change"]:
        case "state":
            return words("state", name=name, state=words(body["new"]))
        case "assignee" if body["new"] is None:
            return words("given_to_nobody", name=name)
        case "assignee" if body["new"] == me:
            return words("given_to_you", name=name)
        case "assignee":
            return words("given", name=name, whom=names.get(body["new"], words("somebody")))
        case "target":
            return words("target", name=name, time=words.moment(parse(body["new"]), now))
    return words(body["change"], time=words.moment(parse(body["target_end"]), now))


def _figures(report: Mapping[str, Any] | None, words: Words) -> str | None:
    if not report:
        return None
    figures = [figure for kpi in report["kpis"][:KPIS_TOLD] if (figure := words.figure(kpi))]
    if not figures:
        return None
    line = " · ".join(figures)
    return words("as_of", line=line, time=words.clock(parse(report["as_of"]))) if report["as_of"] else line


def people_named(notice: Told) -> set[str]:
    """Whose names a text about this notice needs."""
    named = {notice.actor_id, notice.body.get("new") if notice.body.get("change") == "assignee" else None}
    return {user_id for user_id in named if user_id}


def _url(notice: Told, topic: str, *, private: bool) -> str:
    kind, _, id = topic.partition(":")
    match kind:
        case "room" if notice.kind == "report":
            return f"/g/{id}/r/{notice.body['report_id']}"
        case "room":
            return f"/g/{id}"
        case "news" | "report":
            return f"/{'news' if kind == 'news' else 'reports'}/{id}"
        case "alert" | "escalation":
            return "/alerts"
        case "source":
            return "/sources" if private else f"/sources/{notice.body['source']}"
        case "calendar":
            return "/calendar"
    return "/"
