import { expect, test } from "vitest";
import { begunName, called, partsOf } from "./mentions";

test("a name begins with an @ that stands alone", () => {
  expect(begunName("Hi @Ma", 6)).toEqual({ words: "Ma", from: 3 });
  expect(begunName("@", 1)).toEqual({ words: "", from: 0 });
  expect(begunName("請@陳", 3)).toEqual({ words: "陳", from: 1 }); // Chinese puts no space before it
  expect(begunName("@Marieke Vi and more", 11)).toEqual({ words: "Marieke Vi", from: 0 });
  expect(begunName("ann@example.org", 15)).toBeNull();
  expect(begunName("no name", 7)).toBeNull();
});

test("who was chosen and then deleted is not called", () => {
  expect(called("@Ann, please", { a: "@Ann", b: "@Bob" })).toEqual(["a"]);
});

test("a text is cut where it calls somebody, by the longest name", () => {
  const names = (id: string) => ({ a: "Ann", b: "Ann Baker" })[id]!;
  expect(partsOf("@Ann Baker and @Ann: see a@b", ["a", "b"], names)).toEqual([{ text: "@Ann Baker", id: "b" }, { text: " and " }, { text: "@Ann", id: "a" }, { text: ": see a@b" }]);
  expect(partsOf("@所有人 hi", ["everyone"], names)).toEqual([{ text: "@所有人", id: "everyone" }, { text: " hi" }]);
  expect(partsOf("plain", [], names)).toEqual([{ text: "plain" }]);
});
