/**
 * Collects what the extension says into l10n/bundle.l10n.json, from which translations are made.
 * With --check it writes nothing, and fails when that file is stale or a translation incomplete.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const client = path.dirname(import.meta.dirname);
const text = (name) => readFileSync(path.join(client, name), "utf8");
const keys = (name) => Object.keys(JSON.parse(text(name)));
const inRoom = (room) => readdirSync(path.join(client, room)).map((name) => path.join(room, name));

/** Every literal that `l10n.t` is given; it may be given nothing else. */
function said() {
  const found = inRoom("src").flatMap((name) => {
    const calls = text(name).split("l10n.t(").slice(1);
    return calls.map((call) => {
      const literal = /^\s*("(?:[^"\\]|\\.)*")/.exec(call)?.[1];
      if (literal === undefined)
        throw new Error(`${name} says what is no literal: ${call.slice(0, 60)}`);
      return JSON.parse(literal);
    });
  });
  return [...new Set(found)].sort();
}

const BUNDLE = "l10n/bundle.l10n.json";
const bundle = `${JSON.stringify(Object.fromEntries(said().map((each) => [each, each])), null, 2)}\n`;

if (!process.argv.includes("--check")) {
  writeFileSync(path.join(client, BUNDLE), bundle);
} else {
  const faults = text(BUNDLE) === bundle ? [] : [`${BUNDLE} is stale: run scripts/texts.mjs`];
  const translations = [
    ...inRoom("l10n").map((name) => [name, said()]),
    ...inRoom(".")
      .filter((name) => /^package\.nls\.\w+\.json$/.test(name))
      .map((name) => [name, keys("package.nls.json")]),
  ];
  for (const [name, wanted] of translations) {
    const has = keys(name);
    faults.push(
      ...wanted.filter((key) => !has.includes(key)).map((key) => `${name} lacks ${key}`),
      ...has.filter((key) => !wanted.includes(key)).map((key) => `${name} has the stale ${key}`),
    );
  }
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(""));
  process.exitCode = faults.length === 0 ? 0 : 1;
}
