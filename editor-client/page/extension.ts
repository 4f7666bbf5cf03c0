/** The page's line to the extension, and the words that it gave for this language. */
import type { FromPage } from "../src/conversation_shape.js";
import type { Word } from "../src/conversation_words.js";

/** What the page keeps by itself while it is hidden: where the person was, and what they typed. */
export interface Kept {
  readonly runId: string;
  readonly draft: string;
  readonly mode: string;
}

interface Extension {
  postMessage: (message: FromPage) => void;
  getState: () => Kept | undefined;
  setState: (state: Kept) => void;
}

declare function acquireVsCodeApi(): Extension;

const extension = acquireVsCodeApi();
let words: Readonly<Record<string, string>> = {};
let reviews = false;

export function post(message: FromPage): void {
  extension.postMessage(message);
}

export function kept(): Kept {
  return { runId: "", draft: "", mode: "build", ...extension.getState() };
}

export function keep(changes: Partial<Kept>): void {
  extension.setState({ ...kept(), ...changes });
}

export function setWords(given: Readonly<Record<string, string>>): void {
  words = given;
}

export function setCanReview(can: boolean): void {
  reviews = can;
}

/** Whether this version of the extension shows what a run changed. */
export function canReview(): boolean {
  return reviews;
}

/** A text in the person's language; `{0}` and so on stand for the values. */
export function word(name: Word, ...values: readonly (string | number)[]): string {
  return (words[name] ?? name).replaceAll(/\{(\d)\}/g, (_, at) => String(values[Number(at)] ?? ""));
}
