/** Lets VS Code run the behaviours of test/host in its extension host. */
import { existsSync } from "node:fs";
import { play, until } from "./window.mjs";

await play(async (open) => {
  const { DEVELOPMENT, TESTS, PROJECT } = process.env;
  await open(PROJECT, { extensionDevelopmentPath: DEVELOPMENT, extensionTestsPath: TESTS });
  await until("the results", () => existsSync(process.env.RESULTS), 120_000);
});
