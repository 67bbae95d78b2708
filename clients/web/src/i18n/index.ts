import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";

/** What a person can choose; the words of all but English are loaded when first spoken. */
export const LANGUAGES = { en: "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文" } as const;
export type Language = keyof typeof LANGUAGES;

const words: Record<Language, () => Promise<{ default: object }>> = {
  en: async () => ({ default: en }),
  "zh-Hant": () => import("./zh-Hant.json"),
  "zh-Hans": () => import("./zh-Hans.json"),
};

/** Those that nothing says before a part is loaded that comes later, and those of most refusals: loaded with the first of these. */
const later: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("./later-en.json"),
  "zh-Hant": () => import("./later-zh-Hant.json"),
  "zh-Hans": () => import("./later-zh-Hans.json"),
};
let needed = false;
const there = new Set<Language>();

async function addLater(language: Language) {
  if (there.has(language)) return;
  i18next.addResourceBundle(language, "translation", (await later[language]()).default, true);
  there.add(language);
}

/** Brings the words that come later; what is on the page says them as soon as they are there. */
export async function laterWords() {
  needed = true;
  await Promise.all([addLater("en"), addLater(i18next.language as Language)]);
}

/** The closest of ours to a BCP 47 tag: zh-TW and zh-HK are written in traditional characters. */
export function closest(tag: string): Language {
  const { language, script } = new Intl.Locale(tag).maximize();
  if (language !== "zh") return "en";
  return script === "Hant" ? "zh-Hant" : "zh-Hans";
}

function wanted(tag: string | null | undefined): Language {
  try {
    return closest(tag || navigator.language);
  } catch {
    return "en"; // not a language tag
  }
}

let asked = 0;

export async function speak(tag?: string | null) {
  const language = wanted(tag ?? localStorage.getItem("bchat.language"));
  const mine = ++asked;
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", (await words[language]()).default);
  }
  if (needed) await addLater(language);
  if (mine !== asked) return; // its words came later than another was chosen
  await i18next.changeLanguage(language);
  localStorage.setItem("bchat.language", language);
  document.documentElement.lang = language;
  // None of ours is written from right to left yet; whoever translates into one that is can see it before.
  document.documentElement.dir = localStorage.getItem("bchat.direction") ?? i18next.dir(language);
}

export async function startSpeaking() {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false }, // React escapes
    react: { bindI18nStore: "added" },
    saveMissing: true,
    missingKeyHandler: (_, __, key, ___, ____, options: { defaultValue?: unknown } | undefined) => options?.defaultValue === undefined && console.warn("There are no words for", key),
  });
  await speak().catch(() => {}); // without its words it speaks English
}
