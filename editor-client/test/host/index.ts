/** Runs inside of VS Code's own extension host; what became of each behaviour goes to $RESULTS. */
import { renameSync, writeFileSync } from "node:fs";
import { actions } from "./actions.js";
import { activation } from "./activation.js";
import { diffs } from "./diffs.js";
import { documents } from "./documents.js";
import { editing } from "./editing.js";
import { outputs } from "./outputs.js";

export async function run(): Promise<void> {
  const results: { name: string; error?: string }[] = [];
  for (const [name, show] of Object.entries({
    ...activation,
    ...actions,
    ...editing,
    ...diffs,
    ...documents,
    ...outputs,
  })) {
    try {
      await show();
      results.push({ name });
    } catch (error) {
      results.push({ name, error: error instanceof Error ? String(error.stack) : String(error) });
    }
  }
  const place = process.env["RESULTS"] ?? "";
  writeFileSync(`${place}.part`, JSON.stringify(results));
  renameSync(`${place}.part`, place);
}
