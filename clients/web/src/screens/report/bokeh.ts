import { get, queries } from "../../session";

interface Views {
  clear?: () => void;
}
interface Bokeh {
  version: string;
  embed: { embed_item(item: unknown, target: HTMLElement): Promise<Views> };
}

let script: Promise<Bokeh> | null = null;

/** BokehJS weighs more than the rest of the application: it is fetched with the first chart, and once. */
export function bokeh(): Promise<Bokeh> {
  script ??= load().catch((problem: unknown) => {
    script = null; // the next chart may try again
    throw problem;
  });
  return script;
}

async function load(): Promise<Bokeh> {
  const config = await queries.fetchQuery({ queryKey: ["config"], queryFn: () => get<{ bokeh: { url: string } }>("/client-config"), staleTime: Infinity });
  await new Promise<void>((done, fail) => {
    const element = Object.assign(document.createElement("script"), { src: config.bokeh.url, onload: () => done(), onerror: () => fail(new Error("BokehJS did not load")) });
    document.head.append(element);
  });
  return (window as unknown as { Bokeh: Bokeh }).Bokeh;
}
