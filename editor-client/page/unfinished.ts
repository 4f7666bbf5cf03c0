/** Finds what a person is writing that can be completed. */

/** The word before the caret that can be completed, with its sign. */
export function unfinished(before: string): { sign: "@" | "/"; word: string } | undefined {
  const [, sign, rest] =
    /(?:^|\s)(@)([^\s@]*)$/.exec(before) ?? /^(\/)([\w:.-]*)$/.exec(before) ?? [];
  return (sign === "@" || sign === "/") && rest !== undefined ? { sign, word: rest } : undefined;
}
