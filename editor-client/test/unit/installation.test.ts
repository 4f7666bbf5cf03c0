import assert from "node:assert/strict";
import { test } from "node:test";
import { installation, installedPath } from "../../src/installation.js";

const WHEEL = "/extension/dist/server/holdfast-0.1.0-py3-none-any.whl";

const ROWS = [
  { has: ["uv", "python3"], makes: "uv venv", fills: "uv pip install" },
  { has: ["python3", "python3.13"], makes: "python3 -m venv", fills: "-m pip install" },
  { has: ["python3.13"], makes: "python3.13 -m venv", fills: "-m pip install" },
];

for (const { has, makes, fills } of ROWS) {
  test(`where there is ${has.join(" and ")}, ${makes} makes the environment`, async () => {
    const probe = (command: string) => Promise.resolve(has.includes(command) ? "" : undefined);
    const commands = await installation("/managed", WHEEL, probe);
    const lines = (commands ?? []).map(({ command, args }) => [command, ...args].join(" "));
    const [make = "", fill = ""] = lines;
    assert.ok(make.startsWith(makes), make);
    assert.ok(make.endsWith(" /managed"), make);
    assert.ok(fill.includes(fills), fill);
    assert.ok(fill.includes("/managed/bin/python"), fill);
    assert.ok(fill.endsWith(` ${WHEEL}`), "what is installed is what travels with the extension");
  });
}

test("a Python is asked whether it fits before it is taken", async () => {
  const asked: string[] = [];
  const probe = (command: string, args: readonly string[]) => {
    asked.push([command, ...args].join(" "));
    return Promise.resolve(undefined);
  };
  assert.equal(await installation("/managed", WHEEL, probe), undefined);
  assert.match(asked[1] ?? "", /^python3 -c .*ensurepip.*venv.*3, 11/);
});

test("the program lies in the environment", () => {
  assert.equal(installedPath("/managed"), "/managed/bin/holdfast");
});
