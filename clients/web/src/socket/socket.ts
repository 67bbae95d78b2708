import type { ClientFrame, ServerFrame } from "../api/types";

export interface SocketEvents {
  frame(frame: ServerFrame): void;
  /** `waiting` until the next try; `connecting` from the try to the welcome. */
  link(link: "connecting" | "online" | "waiting"): void;
}
export interface SocketOptions {
  url: string;
  deviceId: string;
  /** `fresh`: the server refused the last one, so a new one is needed however long it was to live. */
  token(fresh: boolean): Promise<string>;
  /** The last seq the client has of each room; undefined on a first start. */
  have(): Record<string, number> | undefined;
  random?: () => number;
}

const SESSION_ENDED = 4401;
const GOING_AWAY = 1001;
const TOO_MANY = 4429;
const LONGEST_WAIT = 20_000;

/** One connection that is always being kept: hello, heartbeat, back-off with jitter, and hello again. */
export class Socket {
  private ws: WebSocket | null = null;
  private attempt = 0;
  private ref = 0;
  private stopped = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private heard = 0;
  private refused = false;
  online = false;

  constructor(
    private readonly options: SocketOptions,
    private readonly events: SocketEvents,
  ) {}

  start() {
    this.stopped = false;
    void this.connect();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.drop();
  }

  /** The network came back or the tab was looked at: do not wait out the back-off, and do not trust an old silence. */
  wake() {
    if (this.stopped) return;
    if (!this.ws) {
      this.attempt = 0;
      void this.connect();
    } else if (this.online) this.send({ type: "ping", ref: this.nextRef() });
  }

  /** The network is gone; the connection would find out only after its heartbeats. */
  lose() {
    if (this.stopped || !this.ws) return;
    this.drop();
    this.later();
  }

  nextRef() {
    return ++this.ref;
  }

  /** False when the frame could not be handed to an open connection. */
  send(frame: ClientFrame): boolean {
    if (!this.online || this.ws?.readyState !== WebSocket.OPEN) return false;
    this.ws.send(JSON.stringify(frame));
    return true;
  }

  private async connect() {
    clearTimeout(this.timer);
    if (this.stopped || this.ws) return;
    this.events.link("connecting");
    let token: string;
    try {
      token = await this.options.token(this.refused);
      this.refused = false;
    } catch {
      return this.later(); // no network, or the session is over: then stop() has been called
    }
    if (this.stopped || this.ws) return;
    const ws = new WebSocket(this.options.url, "bchat.v1");
    this.ws = ws;
    this.heard = Date.now();
    ws.onopen = () => ws.send(JSON.stringify({ type: "hello", token, device_id: this.options.deviceId, groups: this.options.have() } satisfies ClientFrame));
    ws.onmessage = (message) => {
      this.heard = Date.now();
      let frame: ServerFrame;
      try {
        frame = JSON.parse(message.data as string) as ServerFrame;
      } catch {
        return;
      }
      if (frame.type === "welcome") this.welcomed(frame.heartbeat_s);
      this.events.frame(frame);
      if (frame.type === "welcome") this.events.link("online");
    };
    ws.onclose = (close) => {
      if (this.ws !== ws) return;
      this.drop();
      if (this.stopped) return;
      if (close.code === SESSION_ENDED) this.refused = true;
      if (close.code === TOO_MANY) this.attempt = Math.max(this.attempt, 4);
      this.later(close.code === GOING_AWAY);
    };
    this.watch(10);
  }

  private welcomed(heartbeat: number) {
    this.online = true;
    this.attempt = 0;
    this.watch(heartbeat);
  }

  /** A connection that has said nothing for two heartbeats is dead, whatever the network stack believes. */
  private watch(seconds: number) {
    clearInterval(this.pulse);
    this.pulse = setInterval(() => {
      if (Date.now() - this.heard > seconds * 2_000) this.lose();
      else this.send({ type: "ping", ref: this.nextRef() });
    }, seconds * 1_000);
  }

  private drop() {
    clearInterval(this.pulse);
    const ws = this.ws;
    this.ws = null;
    this.online = false;
    ws?.close();
  }

  private later(soon = false) {
    if (this.stopped) return;
    this.events.link("waiting");
    const most = soon ? 1_000 : Math.min(LONGEST_WAIT, 1_000 * 2 ** this.attempt++);
    const wait = most * (0.3 + 0.7 * (this.options.random ?? Math.random)());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}
