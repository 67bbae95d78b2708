/// <reference lib="webworker" />
/** What is pushed: shown, one notification a room, and leading to the place it tells of. */
declare const self: ServiceWorkerGlobalScope;

/** As the server writes it: `Message.data` of the service push. */
interface Push {
  title: string;
  body: string;
  tag: string;
  url: string;
  receipt: string;
  at: string;
  picture?: string;
  /** Tags of what is over, by spaces: a browser wants each push to show something, so it comes along with this one. */
  gone?: string;
}
/** Chrome takes them, the types of the language do not know them yet. */
type Shown = NotificationOptions & { image?: string; renotify: boolean; timestamp: number };

export function read(data: PushMessageData | null): Push | null {
  try {
    const push = data?.json() as Push;
    return typeof push?.title === "string" && typeof push.tag === "string" ? push : null;
  } catch {
    return null;
  }
}

export async function show(push: Push) {
  const options: Shown = {
    body: push.body,
    tag: push.tag,
    renotify: true, // what is newer is told, too, though it takes the place of the last
    timestamp: Date.parse(push.at),
    icon: "/icon-192.png",
    badge: "/badge-96.png",
    image: push.picture,
    data: { url: push.url },
  };
  await self.registration.showNotification(push.title, options);
  for (const tag of push.gone?.split(" ") ?? []) for (const over of await self.registration.getNotifications({ tag })) over.close();
  // Nobody needs to be signed in for it: who knows the receipt has got the push.
  await fetch("/api/v1/receipts", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ receipts: [push.receipt] }), keepalive: true }).catch(() => {}); // it is shown all the same
}

export async function open(path: string) {
  const url = new URL(path, self.location.origin);
  if (url.origin !== self.location.origin) return;
  const windows = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).filter((one) => !/^\/(api|static)\//.test(new URL(one.url).pathname)); // pages of ours that are not the application
  const there = windows.find((one) => new URL(one.url).pathname === url.pathname) ?? windows.find((one) => one.visibilityState === "visible") ?? windows[0];
  if (!there) return void (await self.clients.openWindow(url.href));
  there.postMessage({ type: "open", path: url.pathname }); // not `navigate`, which would load the page anew
  await there.focus();
}

export function listen() {
  self.addEventListener("push", (event) => {
    const push = read(event.data);
    // A browser shows something of its own where a push shows nothing, so what cannot be read says that there is something.
    event.waitUntil(push ? show(push) : self.registration.showNotification("Bchat", { tag: "unread", icon: "/icon-192.png" }));
  });
  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open((event.notification.data as { url?: string } | null)?.url ?? "/"));
  });
}
