import assert from "node:assert/strict";
import { test } from "node:test";
import { unfinished } from "../../page/unfinished.js";
import { ranked } from "../../src/ranking.js";

const PATHS = [
  "docs/client.md",
  "src/http_client.py",
  "src/client.py",
  "src/clients/a.py",
  "b.txt",
];

const RANKED: readonly (readonly [string, string[]])[] = [
  ["", PATHS],
  ["client", ["docs/client.md", "src/client.py", "src/http_client.py", "src/clients/a.py"]],
  ["CLIENT.py", ["src/client.py", "src/http_client.py", "src/clients/a.py"]],
  ["src/cl", ["src/client.py", "src/clients/a.py", "src/http_client.py"]],
  ["zz", []],
];

for (const [word, expected] of RANKED) {
  test(`“${word}” finds its best first`, () => {
    assert.deepEqual(ranked(PATHS, word, 10), expected);
  });
}

test("no more are found than are shown", () => {
  assert.equal(ranked(PATHS, "", 2).length, 2);
});

const WORDS: readonly (readonly [string, string | undefined])[] = [
  ["look at @src/cl", "@src/cl"],
  ["@", "@"],
  ["/rev", "/rev"],
  ["a\n@b", "@b"],
  ["me@example", undefined],
  ["see /rev", undefined],
  ["@a b", undefined],
  ["/review now", undefined],
  ["", undefined],
];

for (const [before, expected] of WORDS) {
  test(`what can be completed in “${before}”`, () => {
    const found = unfinished(before);
    assert.equal(found && `${found.sign}${found.word}`, expected);
  });
}
