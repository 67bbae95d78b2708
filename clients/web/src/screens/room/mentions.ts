import { EVERYONE } from "../../state/apply";

/** How everyone is called, in each of our languages: a room may be read in another than it is written in. */
const CALLS_EVERYONE = ["everyone", "所有人"];
/** A name that is begun: after an @ that belongs to no address of e-mail, up to where one writes. */
const BEGUN = /(?:^|[^\w.%+-])@([^@\n]{0,40})$/u;

/**
 * The name that is being written before the caret.
 *
 * @returns null where none is: an address of e-mail begins none.
 */
export function begunName(text: string, caret: number): { words: string; from: number } | null {
  const found = BEGUN.exec(text.slice(0, caret));
  return found ? { words: found[1]!, from: caret - found[1]!.length - 1 } : null;
}

/** The ids that a text still calls, of those that were chosen while it was written. */
export function called(text: string, chosen: Record<string, string>): string[] {
  return Object.keys(chosen).filter((id) => text.includes(chosen[id]!));
}

/** A part of a text; `id` where it calls somebody. */
export interface Part {
  text: string;
  id?: string;
}

/**
 * A text cut where it calls people by their present names. A name that has changed since is not found, and stays text.
 *
 * @param names by id; of `everyone` none is needed.
 */
export function partsOf(text: string, mentions: string[], names: (id: string) => string): Part[] {
  const calls = mentions.flatMap((id) => (id === EVERYONE ? CALLS_EVERYONE.map((word) => ({ id, word: `@${word}` })) : [{ id, word: `@${names(id)}` }]));
  // The longest first: of "@Ann" and "@Ann Baker" the second is meant where both are there.
  calls.sort((a, b) => b.word.length - a.word.length);
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const call = at >= from && calls.find(({ word }) => text.startsWith(word, at));
    if (!call) continue;
    if (at > from) parts.push({ text: text.slice(from, at) });
    parts.push({ text: call.word, id: call.id });
    from = at + call.word.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
