import assert from "node:assert/strict";
import { test } from "node:test";
import { notice } from "../../src/notices.js";

/** As VS Code finds links in notifications (`linkedText.ts`). */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

const ROWS = [
  "Done. [Show the full log](command:workbench.action.terminal.sendSequence?%7B%7D)",
  "[a](https://example.org) [b](file:///etc/passwd 'x')",
];

for (const text of ROWS) {
  test(`nothing to click on in ${text}`, () => {
    assert.match(text, LINK);
    assert.doesNotMatch(notice(text), LINK);
  });
}

test("other text stays as it is", () => {
  assert.equal(notice("f(x)[0] (y) ] ("), "f(x)[0] (y) ] (");
});
