import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerFrame } from "../api/types";
import { Socket } from "./socket";

/** The browser's WebSocket, played by the test. */
class Wire {
  static all: Wire[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  sent: { type: string; [key: string]: unknown }[] = [];
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number }) => {};
  constructor(readonly url: string, readonly protocol: string) {
    Wire.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1005) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose({ code });
  }
  open() {
    this.readyState = 1;
    this.onopen();
  }
  say(frame: object) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}
const welcome = { type: "welcome", session_id: "s", user: {}, groups: [], heartbeat_s: 25 };
const last = () => Wire.all.at(-1)!;

let links: string[];
let frames: ServerFrame[];
let token: ReturnType<typeof vi.fn<(fresh: boolean) => Promise<string>>>;
let have: Record<string, number> | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Wire);
  Wire.all = [];
  links = [];
  frames = [];
  have = undefined;
  token = vi.fn(async (_fresh: boolean) => "t");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function connected(): Promise<Socket> {
  const socket = new Socket({ url: "ws://x", deviceId: "d", token, have: () => have, random: () => 1 }, { frame: (f) => frames.push(f), link: (l) => links.push(l) });
  socket.start();
  await vi.advanceTimersByTimeAsync(0);
  last().open();
  last().say(welcome);
  return socket;
}

test("says hello first, and is online with the welcome", async () => {
  const socket = await connected();
  expect(last().protocol).toBe("bchat.v1");
  expect(last().sent).toEqual([{ type: "hello", token: "t", device_id: "d" }]);
  expect(links).toEqual(["connecting", "online"]);
  expect(frames[0]!.type).toBe("welcome");
  expect(socket.send({ type: "typing", group_id: "g" })).toBe(true);
});

test("after a break it says hello with the last seqs", async () => {
  const socket = await connected();
  have = { g: 41 };
  last().close(1006);
  expect(links.at(-1)).toBe("waiting");
  expect(socket.send({ type: "typing", group_id: "g" })).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  last().open();
  expect(last().sent[0]).toMatchObject({ type: "hello", groups: { g: 41 } });
});

test("waits longer each time, up to twenty seconds", async () => {
  await connected();
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    last().close(1006);
    const count = Wire.all.length;
    let wait = 0;
    while (Wire.all.length === count) {
      await vi.advanceTimersByTimeAsync(500);
      wait += 500;
    }
    waits.push(wait);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
});

test("comes back at once when the server goes away, and slowly when it was too much", async () => {
  await connected();
  last().close(1001);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Wire.all).toHaveLength(2);
  last().open();
  last().say(welcome);
  last().close(4429);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(Wire.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Wire.all).toHaveLength(3);
});

test("asks for a fresh token after 4401, and only then", async () => {
  await connected();
  last().close(4401);
  await vi.advanceTimersByTimeAsync(1_000);
  last().close(1006);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(token.mock.calls.map(([fresh]) => fresh)).toEqual([false, true, false]);
});

test("a silent connection is dropped and made anew", async () => {
  await connected();
  await vi.advanceTimersByTimeAsync(25_000);
  expect(last().sent.at(-1)).toMatchObject({ type: "ping" });
  last().say({ type: "pong", ref: 1 });
  await vi.advanceTimersByTimeAsync(50_000);
  expect(Wire.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(25_000 + 1_000);
  expect(Wire.all).toHaveLength(2);
});

test("waking does not wait for the back-off, and opens one connection only", async () => {
  const socket = await connected();
  last().close(1006);
  socket.wake();
  socket.wake();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(Wire.all).toHaveLength(2);
});

test("stopped, it stays away", async () => {
  const socket = await connected();
  socket.stop();
  socket.wake();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Wire.all).toHaveLength(1);
});
