const BROWSERS: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/**
 * What a person calls the device a user agent is on: "Firefox, Linux". The order matters: each says that it is the others, too.
 *
 * @param agent as the browser names itself, which may be anything; null where it did not.
 */
export function deviceOf(agent: string | null): { name: string; mobile: boolean } {
  const of = (known: [RegExp, string][]) => known.find(([sign]) => sign.test(agent ?? ""))?.[1];
  const name = [of(BROWSERS), of(SYSTEMS)].filter(Boolean).join(", ") || (agent ?? "").split(/[\s/]/)[0]!;
  return { name, mobile: /Mobi|iPhone|iPad|Android/.test(agent ?? "") };
}
