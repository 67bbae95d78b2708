import { expect, test } from "vitest";
import { enough, placesOf } from "./highlight";

test("what was searched for is found in any case, and places that touch are one", () => {
  expect(placesOf("Delivery to the DELIVERY hall", ["delivery"])).toEqual([[0, 8], [16, 24]]);
  expect(placesOf("倉庫今天出貨", ["庫", "今天"])).toEqual([[1, 4]]);
  expect(placesOf("nothing", ["else"])).toEqual([]);
});

test("a letter alone is not asked for; a Chinese character or a digit is", () => {
  expect(["a", "ab c", " ", ""].map(enough)).toEqual([false, false, false, false]);
  expect(["庫", "7", "ab cd"].map(enough)).toEqual([true, true, true]);
});
