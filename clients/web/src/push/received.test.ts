import { beforeEach, expect, test, vi } from "vitest";
import { receipts } from "./received";

let said: [string, number, boolean][];
let looking: boolean;
let online: boolean;
beforeEach(() => {
  vi.useFakeTimers();
  [said, looking, online] = [[], true, true];
});
const page = () =>
  receipts(
    (group, seq, shown) => online && said.push([group, seq, shown]) > 0,
    () => looking,
  );

test("what comes together is told once, the last of each room", () => {
  const kept = page();
  for (const seq of [1, 2, 3, 2]) kept.have("a", seq);
  kept.have("b", 7);
  vi.advanceTimersByTime(500);
  expect(said).toEqual([
    ["a", 3, true],
    ["b", 7, true],
  ]);
  kept.have("a", 3);
  vi.advanceTimersByTime(5_000);
  expect(said).toHaveLength(2);
});

test("a page that nobody looks at has it and does not show it, until somebody comes back", () => {
  const kept = page();
  looking = false;
  kept.have("a", 1);
  vi.advanceTimersByTime(500);
  looking = true;
  kept.use();
  vi.advanceTimersByTime(500);
  expect(said).toEqual([
    ["a", 1, false],
    ["a", 1, true],
  ]);
});

test("a page that is left open on a desk shows nothing to nobody", () => {
  const kept = page();
  vi.advanceTimersByTime(61_000);
  kept.have("a", 1);
  vi.advanceTimersByTime(500);
  expect(said).toEqual([["a", 1, false]]);
});

test("what could not be told is told with the next", () => {
  const kept = page();
  online = false;
  kept.have("a", 1);
  vi.advanceTimersByTime(500);
  online = true;
  kept.have("b", 1);
  vi.advanceTimersByTime(500);
  expect(said).toEqual([
    ["a", 1, true],
    ["b", 1, true],
  ]);
});
