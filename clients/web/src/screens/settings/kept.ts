import { Problem } from "../../api/http";
import { access } from "../../session";

/** One service is asked after the other, page by page. */
const LONGEST_MS = 10 * 60_000;

export interface Saved {
  content: Blob;
  /** How many things it holds, of all services together. */
  things: number;
}

/** All that is kept of a person, a line of JSON each.

@param heard told how much has come so far.
@throws Problem: also `broke_off`, for a file without its end would pass for the whole. */
export async function keptOf(person: string, heard: (things: number) => void): Promise<Saved> {
  const lines = await access.lines(`/users/${person}/export`, LONGEST_MS, (count) => heard(Math.max(0, count - 1)));
  const { type, kept: things } = JSON.parse(lines.at(-1) ?? "{}") as { type?: string; kept?: number };
  if (type !== "end") throw new Problem(0, "broke_off", "");
  return { content: new Blob([lines.join("\n"), "\n"], { type: "application/jsonl" }), things: things ?? 0 };
}
