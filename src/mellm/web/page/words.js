// The page's words in the reader's language. Names of units, regions and emotions come from the server.

import en from "./words-en.js";
import zh from "./words-zh.js";

/** @import {Message} from "./types.d.ts" */

/** @type {Record<string, Record<string, Message>>} */
const MESSAGES = { en, zh };
const PLURALS = { en: new Intl.PluralRules("en"), zh: new Intl.PluralRules("zh") };

/** @type {"en" | "zh"} */
let current = /** @type {any} */ (localStorage.getItem("mellm-language")) || (navigator.language.startsWith("zh") ? "zh" : "en");

/** The reader's language: "en" or "zh". */
export const language = () => current;

/**
 * Whether the page itself has a report's language; a plug-in's it has not.
 * @param {string} code
 * @returns {code is "en" | "zh"}
 */
export const hasLanguage = (code) => code in MESSAGES;

/**
 * What a language calls itself.
 * @param {string} code
 */
export const nameOf = (code) => (code === "zh" ? "中文" : new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code);

/**
 * A report's language as HTML names it.
 * @param {string} code
 */
export const htmlLanguage = (code) => (code === "zh" ? "zh-CN" : code);

/** @param {"en" | "zh"} value */
export function setLanguage(value) {
  current = value;
  localStorage.setItem("mellm-language", value);
}

/**
 * A sentence of the program in the reader's language, where `chinese` has it.
 * @param {string} sentence
 * @param {Record<string, string>} chinese
 */
export const said = (sentence, chinese) => (current === "zh" ? chinese?.[sentence] : null) ?? sentence;

/**
 * A word in the reader's language; {n} in it is replaced, and chooses the plural form where there are several.
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  const message = MESSAGES[current][key];
  if (message === undefined) throw new Error(`no word for ${key}`);
  const text = typeof message === "string" ? message : message[PLURALS[current].select(Number(values.n))] ?? message.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
