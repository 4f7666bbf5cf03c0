import assert from "node:assert/strict";
import { test } from "node:test";
import { notice, plainName } from "../../src/notices.js";

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

const NAMES = [
  ["notes.txt", "notes.txt"],
  ["a\nREADME.md", "a\\u{a}README.md"],
  ["safe\u202etxt.exe", "safe\\u{202e}txt.exe"],
  ["x\u200b.py", "x\\u{200b}.py"],
  ["größe 漢字.py", "größe 漢字.py"],
] as const;

for (const [name, shown] of NAMES) {
  test(`nothing is hidden in the name ${JSON.stringify(name)}`, () => {
    assert.equal(plainName(name), shown);
  });
}
