import assert from "node:assert/strict";
import { test } from "node:test";
import { parsed } from "../../src/parsed.js";
import { ExtensionEntry } from "../../src/protocol.js";
import { byKind, standing, waits, type Standing } from "../../src/standing.js";

/** An entry as the server sends it. */
function entry(more: object): ExtensionEntry {
  const usual = { kind: "skill", name: "a", description: "", origin: "project", trust: "trusted" };
  const found = parsed(ExtensionEntry, { ...usual, ...more });
  assert.ok(found);
  return found;
}

const ROWS: readonly [Standing, object][] = [
  ["waiting", { trust: "new", trustId: "skill a" }],
  ["waiting", { trust: "changed", trustId: "skill a" }],
  ["waiting", { trust: "new", trustId: "skill a", problem: "its name is odd" }],
  ["refused", { trust: "refused", trustId: "skill a" }],
  ["failed", { trust: "new", problem: "it cannot be read" }],
  ["failed", { kind: "server", state: "failed", problem: "it ended" }],
  ["failed", { kind: "server", state: "failed" }],
  ["connecting", { kind: "server", state: "connecting" }],
  ["closed", { kind: "server", state: "closed" }],
  ["connected", { kind: "server", state: "open", tools: 3 }],
  ["ready", {}],
  ["ready", { kind: "hook", state: "a state that comes later" }],
];

for (const [expected, more] of ROWS) {
  test(`${JSON.stringify(more)} is ${expected}`, () => {
    assert.equal(standing(entry(more)), expected);
    assert.equal(waits(entry(more)), expected === "waiting");
  });
}

test("the kinds come in their order, and those that nobody knows yet behind them", () => {
  const kinds = ["theme", "agent", "skill", "server", "skill", "hook"];
  const entries = kinds.map((kind, place) => entry({ kind, name: String(place) }));
  const nodes = byKind(entries).map((node) => [node.kind, node.entries.map(({ name }) => name)]);
  assert.deepEqual(nodes, [
    ["server", ["3"]],
    ["skill", ["2", "4"]],
    ["agent", ["1"]],
    ["hook", ["5"]],
    ["theme", ["0"]],
  ]);
});

test("there is no row for a kind of which there is none", () => {
  assert.deepEqual(byKind([]), []);
});
