import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { store } from "../../state/store";

/** What is being written in a room. */
export interface Draft {
  text: string;
  /** Who is called in it, by the words that call them. */
  mentions: Record<string, string>;
}

const NOTHING: Draft = { text: "", mentions: {} };
const keyOf = (userId: string) => `bchat.drafts.${userId}`;

const drafts = createStore<Record<string, Draft>>(() => ({}));

/** Kept on this device, each person's own, until it is sent or the person logs out. */
export function keepDraft(groupId: string, draft: Draft) {
  const { [groupId]: _, ...others } = drafts.getState();
  const now = draft.text.trim() ? { ...others, [groupId]: draft } : others;
  drafts.setState(now, true);
  const me = store.getState().me;
  if (me) localStorage.setItem(keyOf(me.id), JSON.stringify(now));
}

export const draftOf = (groupId: string): Draft => drafts.getState()[groupId] ?? NOTHING;

/** In how many rooms something is being written. */
export const useDrafts = () => useStore(drafts, (all) => Object.keys(all).length);

export const useDraft = (groupId: string): Draft => useStore(drafts, (all) => all[groupId] ?? NOTHING);

export function forgetDrafts(userId: string) {
  localStorage.removeItem(keyOf(userId));
}

store.subscribe(({ me }, before) => {
  if (me?.id === before.me?.id) return;
  const kept = me && localStorage.getItem(keyOf(me.id));
  drafts.setState(kept ? (JSON.parse(kept) as Record<string, Draft>) : {}, true);
});
