import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("every text can be translated, and every translation is whole", () => {
  const { stderr, status } = spawnSync(process.execPath, ["scripts/texts.mjs", "--check"], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  assert.equal(status, 0);
});
