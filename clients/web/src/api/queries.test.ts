import { QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { queries, renew } from "./queries";

it("is renewed when the newest answer is there, whoever asked for it", async () => {
  const asked: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(queries, { queryKey: ["calendar"], queryFn: () => new Promise<string>((answer) => asked.push(answer)) });
  const stop = observer.subscribe(() => undefined);
  let renewed = false;
  const first = renew("calendar").then(() => (renewed = true));
  await expect.poll(() => asked.length).toBe(2);
  const second = renew("calendar");
  await expect.poll(() => asked.length).toBe(3);
  asked[1]!("old");
  await new Promise((soon) => setTimeout(soon));
  expect(renewed).toBe(false);
  asked[2]!("new");
  await Promise.all([first, second]);
  expect(queries.getQueryData(["calendar"])).toBe("new");
  stop();
});
