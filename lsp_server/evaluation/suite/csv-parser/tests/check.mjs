import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const { parse } = await import(pathToFileURL(`${process.argv[2]}/csv.mjs`));

const rows = [
  ["", []],
  ["a,b\nc,d", [["a", "b"], ["c", "d"]]],
  ["a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]],
  ["a\rb\r", [["a"], ["b"]]],
  ["a\n\nb\n", [["a"], [""], ["b"]]],
  ["\n", [[""]]],
  ["a,\n,b\n", [["a", ""], ["", "b"]]],
  ["a,", [["a", ""]]],
  ["\uFEFFa,b", [["a", "b"]]],
  ['"a,b","c""d"', [["a,b", 'c"d']]],
  ['"a\r\nb",c\n', [["a\r\nb", "c"]]],
  ['""', [[""]]],
  ['"",""\n', [["", ""]]],
  ['a"b,c""d', [['a"b', 'c""d']]],
  ['a, "b"', [["a", ' "b"']]],
  ['"a"\r"b"', [["a"], ["b"]]],
];
for (const [text, wanted] of rows) assert.deepEqual(parse(text), wanted, JSON.stringify(text));
assert.deepEqual(parse("a;b,c;d", ";"), [["a", "b,c", "d"]]);
assert.deepEqual(parse('"a\t"\tb', "\t"), [["a\t", "b"]]);

const errors = [
  ['a\nb\n"c', 3],
  ['"a"b', 1],
  ['"x\ny\nz" ,a', 3],
  ['a\r\n"b\nc', 2],
  ['a\r"b"x', 2],
];
for (const [text, line] of errors)
  assert.throws(
    () => parse(text),
    (error) => error instanceof SyntaxError && new RegExp(`line ${line}\\b`).test(error.message),
    JSON.stringify(text),
  );

const long = '"a,""b""",plain text\r\n'.repeat(90_000);
const started = process.cpuUsage().user;
assert.equal(parse(long).length, 90_000);
assert.ok(process.cpuUsage(undefined).user - started < 8e6);
assert.equal(parse(`"${'""'.repeat(500_000)}"`)[0][0].length, 500_000);
