import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./http";

export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" }, // else one without a network would wait in silence instead of saying so
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      networkMode: "always", // what a browser believes of its network is often wrong
      retry: (count, problem) => count < 2 && navigator.onLine && (!(problem instanceof Problem) || problem.offline || problem.status >= 500),
    },
  },
});

const asking = new Map<string, Promise<void>>();

/** What is known of this is old; resolves when what is shown is new. Also an answer that is still on its way may be older than
 * what has happened: it is asked anew. */
export async function renew(...queryKey: unknown[]) {
  const key = JSON.stringify(queryKey);
  const mine = askAnew(queryKey);
  asking.set(key, mine);
  await mine;
  // Who knew of more meanwhile has called ours off: theirs is the answer.
  for (let newest = asking.get(key); newest && newest !== mine; newest = asking.get(key)) await newest;
  asking.delete(key);
}

async function askAnew(queryKey: unknown[]) {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}
