import assert from "node:assert/strict";
import { test } from "node:test";
import { firstChunk, rest } from "../../page/chunks.js";

/** The chunks of a text that goes no further, the last one included. */
function chunks(text: string): string[] {
  const found: string[] = [];
  let [at, fence] = [0, ""];
  for (;;) {
    const chunk = firstChunk(text.slice(at), fence);
    if (chunk === undefined) {
      return [...found, rest(text.slice(at), fence)];
    }
    found.push(chunk.source);
    at += chunk.length;
    ({ fence } = chunk);
  }
}

const CUTS: Readonly<Record<string, readonly [string, string[]]>> = {
  "a blank line ends a paragraph": ["One.\n\nTwo.\n\nThree.", ["One.\n\n", "Two.\n\n", "Three."]],
  "a blank line within code does not": [
    "```py\na\n\nb\n```\n\nOn.",
    ["```py\na\n\nb\n```\n\n", "On."],
  ],
  "nor one within longer code": [
    "````\n```\n\n```\n````\n\nOn.",
    ["````\n```\n\n```\n````\n\n", "On."],
  ],
  "nor one within tildes": ["~~~\n```\n\n~~~\n\nOn.", ["~~~\n```\n\n~~~\n\n", "On."]],
  "nor one before what belongs to a list": ["- a\n\n  b\n\nOn.", ["- a\n\n  b\n\n", "On."]],
  "a line that may go on ends nothing": ["One.\n\n", ["One.\n\n"]],
  "carriage returns are blanks": ["One.\r\n\r\nTwo.", ["One.\r\n\r\n", "Two."]],
};

for (const [name, [text, expected]] of Object.entries(CUTS)) {
  test(name, () => {
    assert.deepEqual(chunks(text), expected);
  });
}

test("long code goes on as code", () => {
  const line = `${"x".repeat(99)}\n`;
  const [first, second, ...others] = chunks(`\`\`\`py\n${line.repeat(100)}\`\`\`\n`);
  assert.match(first ?? "", /^```py\n(x+\n)+```$/);
  assert.match(second ?? "", /^```py\n(x+\n)+/);
  assert.ok(others.length >= 1);
});

test("whatever follows, what is whole stays as it is", () => {
  const text = [
    "# A\n\nText with `code`.\n\n- one\n- two\n\n  more\n\n1. a\n\n2. b\n\n",
    "```js\nlet a;\n\n// b\n```\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    `${"A long line. ".repeat(2000)}\n\n${"- item\n".repeat(2000)}\nEnd.`,
  ].join("");
  const whole = chunks(text);
  for (let end = 0; end < text.length; end += 97) {
    const part = chunks(text.slice(0, end));
    assert.deepEqual(part.slice(0, -1), whole.slice(0, part.length - 1), `${end}`);
  }
});
