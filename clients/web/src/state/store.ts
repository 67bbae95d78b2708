import { useStore as useZustand } from "zustand";
import { createStore } from "zustand/vanilla";
import { apply, nothing, type Happening, type Room, type State } from "./apply";

export const store = createStore<State>(() => nothing);

export function happen(event: Happening) {
  store.setState((state) => apply(state, event), true);
}

export function useApp<T>(select: (state: State) => T): T {
  return useZustand(store, select);
}

export function useRoom(id: string): Room | undefined {
  return useApp((state) => state.rooms[id]);
}
