import assert from "node:assert/strict";
import { test } from "node:test";
import { download, installation, installedPath } from "../../src/installation.js";

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

const LINES: readonly (readonly [line: string, said: string | undefined])[] = [
  ["Downloading numpy (16.1MiB)", "numpy 16.1"],
  ["Downloading tree-sitter-c-sharp (900.5KiB)", "tree-sitter-c-sharp 0.9005"],
  ["Downloading torch (1.2GiB)", "torch 1200"],
  ["  Downloading lancedb-0.40.0-cp310-abi3-manylinux_2_28_x86_64.whl (55.4 MB)", "lancedb 55.4"],
  ["  Downloading https://host/a/tree_sitter-0.26.0-cp311.whl (634 kB)", "tree_sitter 0.634"],
  ["  Downloading mcp-2.3.0-py3-none-any.whl.metadata (12 kB)", undefined],
  ["  Downloading empty-1-py3-none-any.whl (12 bytes)", undefined],
  [" Downloaded numpy", undefined],
  ["Collecting numpy>=2.2", undefined],
  ["error: Downloading failed (12 MB)", undefined],
  ["", undefined],
];

for (const [line, said] of LINES) {
  test(`what is downloaded: ${JSON.stringify(line)}`, () => {
    const found = download(line);
    const words = found === undefined ? undefined : `${found.name} ${String(found.megabytes)}`;
    assert.equal(words, said);
  });
}
