"""Who is away is told by their browser."""

import json
from typing import Any

from client import Someone, new_id, until
from playwright.sync_api import expect
from standins import LocalWebPush
from window import Named, Opened

# The push services of browsers are out on the internet: a local one stands for them.
SUBSCRIBE = """PushManager.prototype.subscribe = PushManager.prototype.getSubscription = async () => ({
    toJSON: () => (%(subscription)s),
    options: { applicationServerKey: Uint8Array.from(atob(%(key)s), (c) => c.charCodeAt(0)).buffer },
    unsubscribe: async () => true,
})"""
SHOWN = "registration.getNotifications().then((all) => all.map(({ title, body, tag }) => [title, body, tag]))"
CLICK = """registration.getNotifications().then(([notification]) => {
    dispatchEvent(new NotificationEvent("notificationclick", { notification }));
})"""


def test_who_is_away_is_notified_and_led_to_the_room(
    opened: Opened, named: Named, someone: Someone, browsers: LocalWebPush
) -> None:
    names, browser = (named("Harbour"), named("Gate")), new_id()
    ann = opened("Ann Baker", signed_in=False)
    ann.context.grant_permissions(["notifications"], origin=ann.url)
    key = browsers.public_key.replace("-", "+").replace("_", "/")
    ann.context.add_init_script(
        SUBSCRIBE
        % {
            "subscription": json.dumps(browsers.browser(browser).subscription),
            "key": json.dumps(key + "=" * (-len(key) % 4)),
        }
    )
    ann.sign_in()
    ann.account("Settings")
    switch = ann.page.get_by_role("switch", name="Notifications on this device")
    switch.click()
    expect(switch).to_be_checked()
    ann.again()
    expect(switch).to_be_checked()

    cdp = ann.context.new_cdp_session(ann.page)
    registrations: list[dict[str, Any]] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    ann.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    (worker,) = ann.context.service_workers
    ann.page.goto("about:blank")  # the last page is closed

    bea = someone()

    def room(name: str) -> str:
        group: str = bea.post("/groups", {"name": name, "catalogue": "chat"})["id"]
        bea.put(f"/groups/{group}/members/{ann.person.id}", {"role": "staff"})
        # Else a message may come before the entry that she was let in.
        until(lambda: ann.person.id in {entry.get("user_id") for entry in bea.timeline(group)}, "let in")
        return group

    def say(group: str, text: str) -> int:
        seq: int = bea.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text})["seq"]
        return seq

    def pushed(text: str) -> list[dict[str, Any]]:
        """What the browser's push service got, decrypted."""
        return [
            message for to, message, _ in list(browsers.messages) if to == browser and text in message["body"]
        ]

    def arrives(text: str, **more: str) -> None:
        """The push about this comes to the browser, as its push service would bring it."""
        until(lambda: pushed(text), "pushed to the browser", 180)
        where = {"origin": ann.url + "/", "registrationId": registrations[-1]["registrationId"]}
        cdp.send("ServiceWorker.deliverPushMessage", {**where, "data": json.dumps(pushed(text)[0] | more)})

    def state(group: str, seq: int) -> str:
        receipts = bea.get(f"/groups/{group}/messages/{seq}/receipts")["items"]
        return str(next(one["state"] for one in receipts if one["user_id"] == ann.person.id))

    harbour = room(names[0])
    ship = say(harbour, "The ship is in.")
    arrives("The ship is in.")
    until(lambda: state(harbour, ship) == "received", "acknowledged by the browser")
    ((title, body, tag),) = worker.evaluate(SHOWN)
    assert title.startswith(names[0])  # that she was brought into it may be told with it
    assert tag == f"room:{harbour}"
    assert body.endswith(": The ship is in.")

    # What she has read on her phone meanwhile goes when the next one comes.
    gate = room(names[1])
    lorry = say(gate, "A lorry at the gate.")
    arrives("A lorry at the gate.", gone=f"room:{harbour}")
    until(lambda: state(gate, lorry) == "received", "acknowledged by the browser")
    assert [tag for *_, tag in worker.evaluate(SHOWN)] == [f"room:{gate}"]

    # It leads to the room, where it is read, and nothing is left of it.
    ann.again("/calendar").is_in()
    worker.evaluate(CLICK)
    expect(ann.page).to_have_url(f"{ann.url}/g/{gate}")
    ann.sees("A lorry at the gate.")
    until(lambda: state(gate, lorry) == "read", "read")
    until(lambda: worker.evaluate(SHOWN) == [], "taken away")

    ann.account("Settings")
    switch.click()
    expect(switch).not_to_be_checked()
    assert ann.person.get("/devices")["items"] == []
