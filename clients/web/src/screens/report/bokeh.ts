import { queries } from "../../api/queries";
import { get } from "../../session";

interface Model {
  name: string | null;
  data?: Map<string, ArrayLike<string>> | Record<string, ArrayLike<string>>;
  selected?: { indices: number[]; properties: { indices: { change: { connect(slot: () => void): void } } } };
}
export interface Views {
  roots: { model: { document: { all_models: Set<Model> } | null } }[];
  clear?: () => void;
}
interface Bokeh {
  version: string;
  embed: { embed_item(item: unknown, target: HTMLElement): Promise<Views> };
}
/** What reports calls the marks that can be tapped. */
const POINTS = "points";

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

/** Calls `told` with the key of each mark that is tapped. The page's policy allows no code in a figure, so we listen to its models. */
export function onTap(views: Views, told: (key: string) => void) {
  for (const { model } of views.roots)
    for (const { name, data, selected } of model.document?.all_models ?? []) {
      if (name !== POINTS || !selected || !data) continue;
      selected.properties.indices.change.connect(() => {
        const [index] = selected.indices;
        if (index === undefined) return;
        const key = (data instanceof Map ? data.get("key") : data.key)?.[index];
        selected.indices = []; // so that the same one can be tapped again
        if (key) told(key);
      });
    }
}
