"""Push on a database, the services it asks and those it pushes by, and short words for what happens."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.db import Transactions
from kit.errors import NotFound
from kit.event import Heard, new_id
from kit.testing import make, said, settings, staff
from kit.work import Later
from push import events, keys
from push.channels import Channels
from push.models import Base, Delivery, Device, Telling
from push.service import PushService
from push.settings import PushSettings
from push.worker import Worker
from standins import LocalFcm, LocalWebPush

VAPID = keys.make()


class Others:
    """Stands in for the services that push asks."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.rooms: dict[str, list[dict[str, Any]]] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.raised: dict[str, dict[str, Any]] = {}
        self.entries: dict[tuple[str, int], dict[str, Any]] = {}
        self.reads_: list[dict[str, Any]] = []
        self.asked_as: list[Caller] = []

    def person(self, *, user_id: str) -> dict[str, Any] | None:
        return self.people.get(user_id)

    def memberships(self, *, user_id: str) -> dict[str, Any]:
        return {"items": self.rooms.get(user_id, [])}

    def timeline(self, *, caller: Caller, group_id: str, after_seq: int, limit: int) -> dict[str, Any]:
        entry = self.entries.get((group_id, after_seq + 1))
        return {"items": [entry] if entry else []}

    def reads(self, *, caller: Caller, group_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
        return {"items": self.reads_, "next_cursor": None}

    def picture(self, *, report_id: str, user_id: str, width: int) -> dict[str, Any]:
        if report_id not in self.made:
            raise NotFound("report_not_found", "No such report.")
        return {"status": "ready", "key": f"{report_id} for {user_id}", "width": width}

    def call(
        self, service: str, method: str, *, caller: Caller, timeout: float, **args: Any
    ) -> dict[str, Any]:
        self.asked_as.append(caller)
        match service, method, args:
            # Unless it is `pushed`, reports would note that they have opened it.
            case "reports", "report", {"report_id": id, "pushed": True}:
                found = self.made.get(id)
            case "reports", "alert", {"alert_id": id}:
                found = self.raised.get(id)
            case other:
                raise AssertionError(other)
        if found is None or not caller.may(f"reports:{found['type']}"):
            raise NotFound(f"{method}_not_found", "There is none.")
        return found


class House:
    """Push on a database, the services it asks and those it pushes by, and short words for what happens."""

    def __init__(self, db: Transactions, fcm: LocalFcm, web: LocalWebPush, folder: Path) -> None:
        self.db, self.fcm, self.web = db, fcm, web
        self.others = Others()
        self.settings = settings(
            PushSettings,
            FCM_CREDENTIALS=str(fcm.credentials(folder)),
            FCM_URL=fcm.base,
            VAPID_PRIVATE_KEY=VAPID,
            VAPID_SUBJECT="mailto:push@example.com",
            WEB_PUSH_ALSO=web.url,
        )
        self.channels = Channels(self.settings)
        self.seqs: dict[str, int] = {}
        self.version = 0

    def push(self, who: Caller | str | None = None) -> PushService:
        caller = staff(who) if isinstance(who, str) else who or ANONYMOUS
        others = self.others
        return make(
            PushService,
            self.db,
            caller,
            settings=self.settings,
            auth=others,
            groups=others,
            chat=others,
            reports=others,
        )

    def hear(self, method: str, event: type[Heard], audience: str = "", **fields: Any) -> None:
        body = {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/bchat/test",
            "type": event.routing_key(),
            "time": clock.rfc3339(clock.now()),
            "audience": audience,
            "data": fields,
        }
        heard = event.decode(body)
        getattr(self.push(), method)([heard] if event is events.EntriesAppended else heard)

    @staticmethod
    def now() -> str:
        return clock.rfc3339(clock.now())

    # People, rooms and devices

    def person(self, name: str = "Mei Lin", *permissions: str, kind: str = "staff", **more: Any) -> Caller:
        self.version += 1
        user_id = new_id()
        user = {
            "id": user_id,
            "display_name": name,
            "kind": kind,
            "active": True,
            "version": 1,
            "permissions": list(permissions),
            "locale": "en",
            "timezone": "UTC",
            "settings": {},
            **more,
        }
        self.others.people[user_id] = user
        self.hear("user_changed", events.UserChanged, user=user)
        self.hear("settings_changed", events.SettingsChanged, user=user)
        return Caller(user_id=user_id, kind=kind, permissions=frozenset(permissions), session_id=new_id())

    def set(self, who: Caller, **changes: Any) -> None:
        """Changes what a person wants."""
        user = self.others.people[who.id]
        user["version"] += 1
        user["settings"] = user["settings"] | changes.pop("settings", {})
        user.update(changes)
        self.hear("settings_changed", events.SettingsChanged, user=user)

    def room(self, *people: Caller, name: str = "Sales Asia") -> str:
        group_id = new_id()
        for who in people:
            self.join(group_id, who, name)
        return group_id

    def join(self, group_id: str, who: Caller, name: str = "Sales Asia") -> None:
        self.version += 1
        self.hear(
            "member_joined",
            events.MemberJoined,
            group_id=group_id,
            user_id=who.id,
            role="staff",
            version=self.version,
            group={"name": name, "version": self.version},
        )

    def leave(self, group_id: str, who: Caller) -> None:
        self.version += 1
        self.hear(
            "member_left",
            events.MemberLeft,
            group_id=group_id,
            user_id=who.id,
            version=self.version,
            group={"name": "Sales Asia", "version": self.version},
        )

    def phone(self, who: Caller, token: str | None = None, platform: str = "android") -> str:
        token = token or f"token-{new_id()}"
        self.push(who).register(device_id=f"phone-{token}", platform=platform, fcm_token=token)
        return token

    # What happens

    def entry(self, group_id: str, sender: Caller | None, kind: str = "text", **body: Any) -> int:
        seq = self.seqs[group_id] = self.seqs.get(group_id, 0) + 1
        entry = {
            "seq": seq,
            "id": new_id(),
            "kind": kind,
            "sender_id": sender.id if sender else None,
            "client_id": new_id() if sender else None,
            "at": clock.rfc3339(clock.now()),
            **body,
        }
        self.others.entries[group_id, seq] = entry
        self.hear(
            "entries_appended",
            events.EntriesAppended,
            f"group:{group_id}",
            group_id=group_id,
            entries=[entry],
        )
        return seq

    def say(self, group_id: str, sender: Caller, text: str, **more: Any) -> int:
        return self.entry(group_id, sender, text=text, **more)

    def read(self, group_id: str, who: Caller, seq: int) -> None:
        self.hear("read_moved", events.ReadMoved, group_id=group_id, user_id=who.id, seq=seq)

    def alert(
        self, happened: str, alert: dict[str, Any], *recipients: Caller, escalated: bool = False
    ) -> None:
        """An alert was `raised`, `acknowledged` or has `recovered`."""
        self.others.raised[alert["id"]] = alert
        audience = " ".join(f"user:{who.id}" for who in recipients)
        at, more = self.now(), {"escalated": escalated} if happened == "raised" else {}
        event = getattr(events, f"Alert{happened.capitalize()}")
        self.hear(f"alert_{happened}", event, audience, alert=alert, at=at, **more)

    # What becomes of it

    def withdrawn(self) -> list[tuple[str, str]]:
        """Token and tag of what was taken from applications."""
        data = [(token, m["data"]) for token, m in self.fcm.messages]
        return [(token, d["tag"]) for token, d in data if d["kind"] == "gone"]

    def worker(self) -> Worker:
        return Worker(self.db, self.settings, self.channels, self.others)

    def asked(self) -> list[str]:
        """The deliveries that the workers were asked for, in order."""
        return [data["delivery_id"] for type, data, _ in said(self.db) if type == "push.push_asked"]

    def work(self, *, again: list[str] | None = None) -> list[float]:
        """Sends what was asked for and is not ended; the seconds after which each other comes again."""
        waits = []
        for delivery_id in again or self.asked():
            try:
                self.worker().send(events.ToBeSent(delivery_id=delivery_id))
            except Later as later:
                waits.append(later.seconds)
        return waits

    def tell(self) -> None:
        """What is due is asked for and sent."""
        self.push().tell_due()
        self.work()

    def told(self) -> list[tuple[str, str]]:
        """Title and body of what Android devices have got."""
        data = [m["data"] for _, m in self.fcm.messages]
        return [(d["title"], d["body"]) for d in data if d["kind"] != "gone"]

    def deliveries(self) -> list[Delivery]:
        with self.db() as tx:
            return list(tx.scalars(sa.select(Delivery).order_by(Delivery.id)))

    def devices(self) -> list[Device]:
        with self.db() as tx:
            return list(tx.scalars(sa.select(Device).order_by(Device.id)))

    def due(self, who: Caller) -> list[Telling]:
        with self.db() as tx:
            return list(tx.scalars(sa.select(Telling).where(Telling.user_id == who.id)))

    def rows(self, table: str) -> list[Any]:
        with self.db() as tx:
            found = Base.metadata.tables[table]
            return list(tx.execute(found.select().order_by(*found.primary_key)).all())


class Clock:
    """The time, which moves when it is told to."""

    def __init__(self) -> None:
        self.real, self.ahead = clock.now, timedelta()

    def now(self) -> datetime:
        return self.real() + self.ahead

    def forward(self, **time: float) -> None:
        self.ahead += timedelta(**time)

    def to(self, hour: int, minute: int = 0) -> None:
        """The next time at which clocks in UTC show this."""
        now = self.now()
        there = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        self.ahead += there - now + timedelta(days=there <= now)
