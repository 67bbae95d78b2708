import { Text } from "@mantine/core";
import { useProblem } from "./format";

/** Why what was asked for was not done. */
export function Wrong({ problem }: { problem: unknown }) {
  const say = useProblem();
  if (problem === null || problem === undefined) return null;
  return (
    <Text size="sm" c="red" role="alert">
      {say(problem)}
    </Text>
  );
}
