import { Problem } from "../../api/http";
import { access } from "../../session";

/** It is being made, or will be when others are. */
const PASSING = new Set(["file_not_ready", "too_many_files", "unavailable"]);
const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 4_000;
const PATIENCE_MS = 120_000;

/** Fetches a form of a report, which is made when it is first asked for: until then the server says when to ask again.

@throws Problem, also when it takes too long; an AbortError when `signal` says so. */
export async function fetchForm(path: string, signal: AbortSignal): Promise<Blob> {
  const until = Date.now() + PATIENCE_MS;
  let wait = FIRST_WAIT_MS;
  for (;;) {
    let pause = wait;
    try {
      const found = await access.request<unknown>("GET", path);
      if (found instanceof Blob) return found;
    } catch (problem) {
      if (!(problem instanceof Problem) || !PASSING.has(problem.code)) throw problem;
      pause = (problem.retryAfter ?? 0) * 1000 || wait;
    }
    if (Date.now() + pause > until) throw new Problem(0, "timeout", "");
    await new Promise((done) => setTimeout(done, pause));
    signal.throwIfAborted();
    wait = Math.min(wait * 1.6, LONGEST_WAIT_MS);
  }
}

/** Hands a file to the browser's downloads. */
export function saveAs(content: Blob, name: string) {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
