import { afterEach, expect, test, vi } from "vitest";
import { open, show } from "./push";

const HERE = "https://bchat.example";
const push = (room: string, more = {}) => ({ title: room, body: "Mei: The ship is in.", tag: `room:${room}`, url: `/g/${room}`, receipt: `r-${room}`, at: "2026-11-22T17:26:03.120Z", ...more });

/** A browser, as far as a service worker sees it: what it shows, what it was asked for, and its windows. */
function browser(...urls: string[]) {
  const shown: { tag: string; close(): void }[] = [];
  const told: string[] = [];
  const windows = urls.map((url) => ({
    url: HERE + url,
    visibilityState: "hidden",
    postMessage: ({ path }: { path: string }) => told.push(`${url} -> ${path}`),
    focus: () => Promise.resolve(),
  }));
  vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => Promise.resolve(told.push(body)));
  vi.stubGlobal("self", {
    location: { origin: HERE },
    registration: {
      showNotification: (_: string, { tag }: { tag: string }) => {
        shown.push({ tag, close: () => shown.splice(shown.findIndex((one) => one.tag === tag), 1) });
        return Promise.resolve();
      },
      getNotifications: ({ tag }: { tag: string }) => Promise.resolve(shown.filter((one) => one.tag === tag)),
    },
    clients: { matchAll: () => Promise.resolve(windows), openWindow: (url: string) => Promise.resolve(told.push(`new ${url}`)) },
  });
  return { told, tags: () => shown.map((one) => one.tag) };
}
afterEach(() => vi.unstubAllGlobals());

test("a push takes away what is over, and nothing else", async () => {
  const { told, tags } = browser();
  for (const room of ["harbour", "gate", "quay"]) await show(push(room));
  await show(push("pier", { gone: "room:harbour room:gate room:never" }));
  expect(tags()).toEqual(["room:quay", "room:pier"]);
  expect(told.at(-1)).toBe('{"receipts":["r-pier"]}');
});

test.each([
  [["/g/gate", "/g/harbour"], "/g/harbour -> /g/harbour"],
  [["/calendar"], "/calendar -> /g/harbour"],
  [["/api/v1/docs"], `new ${HERE}/g/harbour`], // a page of ours that is not the application
  [[], `new ${HERE}/g/harbour`],
])("with windows at %j a notification leads to its place", async (windows, led) => {
  const { told } = browser(...windows);
  await open("/g/harbour");
  expect(told).toEqual([led]);
});

test("a notification leads nowhere else", async () => {
  const { told } = browser("/calendar");
  await open("//elsewhere.example/g/harbour");
  expect(told).toEqual([]);
});
