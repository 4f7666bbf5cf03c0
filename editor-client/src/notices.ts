/**
 * Text for notifications: VS Code makes links of `[text](target)` in them, and a `command:` link
 * runs a command of the editor. What a model or a checkout wrote must not become one.
 */
export function notice(text: string): string {
  return text.replaceAll("](", "] (");
}
