/**
 * Text for notifications: VS Code makes links of `[text](target)` in them, and a `command:` link
 * runs a command of the editor. What a model or a checkout wrote must not become one.
 */
export function notice(text: string): string {
  return text.replaceAll("](", "] (");
}

/** Controls, marks of direction, and what stands for nothing: they would show another name than it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/gu;

/** A name or path on one line, in which nothing is hidden: what is not seen stands there as `\u{…}`. */
export function plainName(path: string): string {
  return path.replace(UNSEEN, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
