import type { Session } from "./types";

const BASE = "/api/v1";
const NETWORK = "network";
const REFRESH = "/auth/refresh";
const ANSWER_MS = 20_000;
/** A photo over a slow network. */
const UPLOAD_MS = 180_000;

/** A refusal of the server (RFC 9457), or `network` when no answer came. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: { loc: (string | number)[]; msg: string }[] = [],
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
  get offline() {
    return this.code === NETWORK;
  }
}

/** Another deadline, and what reads a good answer instead of all of it at once. */
interface How {
  deadlineMs?: number;
  read?: (answer: Response) => Promise<unknown>;
}

async function call(method: string, path: string, body: unknown, headers: Record<string, string>, { deadlineMs, read }: How = {}): Promise<unknown> {
  const raw = body instanceof FormData || body instanceof Blob;
  let answer: Response;
  let content: { code?: string; detail?: string; errors?: Problem["errors"] } | Blob | null;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: body === undefined || raw ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined || raw ? body : JSON.stringify(body),
      credentials: "same-origin",
      // A page that is left meanwhile still gets the new cookie: to use the old one twice would end the session.
      keepalive: path === REFRESH,
      signal: AbortSignal.timeout(deadlineMs ?? (raw ? UPLOAD_MS : ANSWER_MS)),
    });
    if (answer.ok && read) return await read(answer);
    const type = answer.headers.get("Content-Type") ?? "";
    // A file may be JSON as well; what is to be saved comes as it is.
    content = /json/.test(type) && !answer.headers.has("Content-Disposition") ? await answer.json().catch(() => null) : answer.ok && type ? await answer.blob() : null;
  } catch (error) {
    throw new Problem(0, NETWORK, String(error));
  }
  if (answer.ok) return content;
  const refusal = content instanceof Blob ? null : content;
  const retry = Number(answer.headers.get("Retry-After"));
  throw new Problem(
    answer.status,
    refusal?.code ?? `http_${answer.status}`,
    refusal?.detail ?? answer.statusText,
    refusal?.errors ?? [],
    retry > 0 ? retry : null,
  );
}

async function inLines(answer: Response, heard: (count: number) => void): Promise<string[]> {
  const lines: string[] = [];
  let rest = "";
  const pieces = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
    const parts = (rest + piece.value).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    heard(lines.length);
  }
  return rest ? [...lines, rest] : lines;
}

/** How far an upload is, from 0 to 1, and the way to give it up. */
export interface Underway {
  progress?: (part: number) => void;
  signal?: AbortSignal;
}

/** A POST of a form that tells how far it is, which `fetch` does not. */
function bring(path: string, form: FormData, headers: Record<string, string>, { progress, signal }: Underway): Promise<unknown> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.timeout = UPLOAD_MS;
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress?.(total ? loaded / total : 0);
    request.onload = () => {
      const answer = request.response as { code?: string; detail?: string; errors?: Problem["errors"] } | null;
      if (request.status < 300) return done(answer);
      const retry = Number(request.getResponseHeader("Retry-After"));
      failed(new Problem(request.status, answer?.code ?? `http_${request.status}`, answer?.detail ?? request.statusText, answer?.errors ?? [], retry > 0 ? retry : null));
    };
    request.onerror = request.ontimeout = request.onabort = ({ type }) => failed(new Problem(0, NETWORK, type));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** A call that nobody needs to be signed in for. */
export const send = <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => call(method, path, body, headers) as Promise<T>;

/** The access token lives here, in memory; the refresh token in an HttpOnly cookie this code cannot read. */
export class Access {
  private token: string | null = null;
  private expires = 0;
  private refreshing: Promise<Session> | null = null;
  /** Whether one has signed out: what was still to be asked then must not ask for a new token, which would be refused. */
  private out = false;
  onEnd: () => void = () => {};
  /** A new pair came, perhaps of somebody who has signed in in another tab. */
  onSession: (session: Session) => void = () => {};

  async login(username: string, password: string, remember: boolean): Promise<Session> {
    return this.keep((await call("POST", "/auth/login", { username, password, remember, cookie: true }, {})) as Session);
  }

  /** A new pair. One at a time over all tabs: they share the cookie, and using the same one twice ends the session. */
  refresh(): Promise<Session> {
    const ask = async () => {
      const session = this.keep((await call("POST", REFRESH, {}, {})) as Session);
      this.onSession(session);
      return session;
    };
    this.refreshing ??= (navigator.locks ? navigator.locks.request("bchat-refresh", ask) : ask()).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  async logout(): Promise<void> {
    // Without a good access token the cookie says which session it is.
    const headers: Record<string, string> = this.token && Date.now() < this.expires ? { Authorization: `Bearer ${this.token}` } : {};
    this.token = null;
    this.out = true;
    await call("POST", "/auth/logout", {}, headers);
  }

  /** A token that is good for at least half a minute more. */
  async bearer(fresh = false): Promise<string> {
    if (fresh || !this.token || Date.now() > this.expires - 30_000) await this.renew();
    return this.token!;
  }

  async request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, how: How = {}): Promise<T> {
    const once = async () => call(method, path, body, { ...headers, Authorization: `Bearer ${await this.bearer()}` }, how) as Promise<T>;
    return this.withToken(once);
  }

  private async withToken<T>(once: () => Promise<T>): Promise<T> {
    try {
      return await once();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      this.token = null; // perhaps only the access token was no longer accepted
      return once();
    }
  }

  /** A form with a file in it. */
  async upload<T>(path: string, form: FormData, headers: Record<string, string>, underway: Underway = {}): Promise<T> {
    const once = async () => bring(path, form, { ...headers, Authorization: `Bearer ${await this.bearer()}` }, underway) as Promise<T>;
    return this.withToken(once);
  }

  /** A file at an address that the server told: a picture, something to be saved. */
  file(url: string, deadlineMs?: number): Promise<Blob> {
    return this.request<Blob>("GET", url.slice(url.startsWith(BASE) ? BASE.length : 0), undefined, {}, { deadlineMs });
  }

  /** What the server makes line by line while it comes.

  @param heard told how many lines there are so far. */
  lines(path: string, deadlineMs: number, heard: (count: number) => void): Promise<string[]> {
    return this.request<string[]>("GET", path, undefined, {}, { deadlineMs, read: (answer) => inLines(answer, heard) });
  }

  private async renew() {
    if (this.out) throw new Problem(401, "not_signed_in", "");
    try {
      await this.refresh();
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 401) this.onEnd();
      throw problem;
    }
  }

  private keep(session: Session): Session {
    this.token = session.access_token;
    this.out = false;
    this.expires = Date.now() + session.expires_in * 1000;
    return session;
  }
}
