/** This device as one that is pushed to: only where its person has asked for it, and as long as they are signed in. */
import type { Access } from "../api/http";

/** `install`: an iPhone gives notifications to applications on its home screen only. */
export type Pushing = "on" | "off" | "denied" | "unsupported" | "install" | "off_here";
const WANTED = "bchat.push";

interface Offers {
  web_push: { public_key: string } | null;
}
type Api = Pick<Access, "request">;

const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const phoneInBrowser = () => /iPhone|iPad/.test(navigator.userAgent) && !matchMedia("(display-mode: standalone)").matches;

/** How it is now. `wanted` is whose notifications this device has been asked to show. */
export async function pushing(api: Api, me: string): Promise<Pushing> {
  if (!able()) return phoneInBrowser() ? "install" : "unsupported";
  if (Notification.permission === "denied") return "denied";
  if (!(await api.request<Offers>("GET", "/push")).web_push) return "off_here";
  const subscription = await (await registered())?.pushManager.getSubscription();
  return subscription && Notification.permission === "granted" && localStorage.getItem(WANTED) === me ? "on" : "off";
}

/**
 * Has this device told of what happens. The browser asks its person, so it has to be they who begin it.
 *
 * @throws Problem of the server's, or what the browser's push service says.
 */
export async function turnOn(api: Api, me: string, deviceId: string): Promise<Pushing> {
  if ((await Notification.requestPermission()) !== "granted") return Notification.permission === "denied" ? "denied" : "off";
  await subscribe(api, deviceId);
  localStorage.setItem(WANTED, me);
  return "on";
}

export async function turnOff(api: Api, deviceId: string): Promise<Pushing> {
  localStorage.removeItem(WANTED);
  await silence();
  await api.request("DELETE", `/devices/${deviceId}`).catch((problem: { code?: string }) => {
    if (problem.code !== "device_not_found") throw problem;
  });
  return "off";
}

/** Another session, another key of the server, another address: told anew at each start, for nobody else notices. */
export async function keepOn(api: Api, me: string, deviceId: string) {
  if (!able() || Notification.permission !== "granted" || localStorage.getItem(WANTED) !== me) return;
  await subscribe(api, deviceId);
}

/** Nobody is signed in here any more; the server has forgotten the device with the session. Who comes back has it again. */
export async function silence() {
  if (!able()) return;
  const there = await registered();
  await (await there?.pushManager.getSubscription())?.unsubscribe();
  for (const shown of (await there?.getNotifications()) ?? []) shown.close();
}

/** What is read here or elsewhere need not be told any more. */
export async function clear(tag: string) {
  if (!able() || Notification.permission !== "granted") return;
  for (const shown of (await (await registered())?.getNotifications({ tag })) ?? []) shown.close();
}

const registered = () => navigator.serviceWorker.getRegistration();

async function subscribe(api: Api, deviceId: string) {
  const { web_push } = await api.request<Offers>("GET", "/push");
  if (!web_push) return;
  const { pushManager } = await navigator.serviceWorker.ready;
  const key = bytes(web_push.public_key);
  let subscription = await pushManager.getSubscription();
  if (subscription && !same(subscription.options.applicationServerKey, key)) {
    await subscription.unsubscribe(); // the server has another key now
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  await api.request("PUT", `/devices/${deviceId}`, { platform: "web", web_push: { endpoint, keys } });
}

export function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

export function same(one: ArrayBuffer | null, other: Uint8Array): boolean {
  const had = new Uint8Array(one ?? new ArrayBuffer(0));
  return had.length === other.length && had.every((byte, n) => byte === other[n]);
}
