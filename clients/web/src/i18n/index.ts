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

/** Those of reports, of what is around them, and of administration: loaded with the first screen that needs them. */
const later: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("./later/en.json"),
  "zh-Hant": () => import("./later/zh-Hant.json"),
  "zh-Hans": () => import("./later/zh-Hans.json"),
};
let needed = false;
const there = new Set<Language>();

async function addLater(language: Language) {
  if (there.has(language)) return;
  i18next.addResourceBundle(language, "translation", (await later[language]()).default, true);
  there.add(language);
}

/** A screen, with the words that come later: `lazy(() => withWords(import("./Screen")))`. */
export async function withWords<T>(screen: Promise<T>): Promise<T> {
  needed = true;
  await Promise.all([addLater("en"), addLater(i18next.language as Language)]);
  return screen;
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

export async function speak(tag?: string | null) {
  const language = wanted(tag ?? localStorage.getItem("bchat.language"));
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", (await words[language]()).default);
  }
  if (needed) await addLater(language);
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
  });
  await speak();
}
