import { expect, test } from "vitest";
import { read } from "../worker/push";
import { bytes, same } from "./device";

test("a key is the bytes that base64url stands for, and is known again", () => {
  const key = bytes("BP-_AA8");
  expect([...key]).toEqual([4, 255, 191, 0, 15]);
  expect(same(key.buffer, key)).toBe(true);
  expect(same(bytes("BP-_AA4").buffer, key)).toBe(false);
  expect(same(null, key)).toBe(false);
});

test("what is no push of ours is not taken for one", () => {
  const data = (json: () => unknown) => ({ json }) as PushMessageData;
  const push = { title: "Harbour", body: "Mei: The ship is in.", tag: "room:1", url: "/g/1", receipt: "r", at: "2026-11-22T17:26:03.120Z" };
  expect(read(data(() => push))).toEqual(push);
  expect(read(data(() => ({ hello: 1 })))).toBeNull();
  expect(read(data(() => null))).toBeNull();
  expect(
    read(
      data(() => {
        throw new SyntaxError();
      }),
    ),
  ).toBeNull();
  expect(read(null)).toBeNull();
});
