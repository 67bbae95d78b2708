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


def test_who_is_away_is_notified(
    opened: Opened, named: Named, someone: Someone, browsers: LocalWebPush
) -> None:
    name, browser = named("Harbour"), new_id()
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
    ann.page.reload()
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
    group = bea.post("/groups", {"name": name, "catalogue": "chat"})["id"]
    bea.put(f"/groups/{group}/members/{ann.person.id}", {"role": "staff"})
    entry = bea.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": "The ship is in."})

    def pushed() -> list[str]:
        """What the browser's push service got, decrypted."""
        said = [message for to, message, _ in list(browsers.messages) if to == browser]
        return [json.dumps(message) for message in said if "The ship is in." in message["body"]]

    def state() -> str:
        receipts = bea.get(f"/groups/{group}/messages/{entry['seq']}/receipts")["items"]
        return str(next(one["state"] for one in receipts if one["user_id"] == ann.person.id))

    until(pushed, "pushed to the browser", 180)
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": ann.url + "/",
            "registrationId": registrations[-1]["registrationId"],
            "data": pushed()[0],
        },
    )
    until(lambda: state() == "received", "acknowledged by the browser")
    ((title, body, tag),) = worker.evaluate(SHOWN)
    assert (title, tag) == (f"{name} (2)", f"room:{group}")  # she was brought into it, too
    assert body.endswith(": The ship is in.")
