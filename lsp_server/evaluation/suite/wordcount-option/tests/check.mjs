import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(process.argv[2], "count.mjs");
const folder = mkdtempSync(join(tmpdir(), "count-"));
writeFileSync(join(folder, "a"), "the cat and The dog, don't 'quoted' the\n");
writeFileSync(join(folder, "b"), "nai\u0308ve na\u00efve 42 and\u2014and \u6c34\n");
writeFileSync(join(folder, "--top"), "x y\n");

function count(values, input = "") {
  const done = spawnSync(process.execPath, [script, ...values], { cwd: folder, input, encoding: "utf8" });
  return [done.status, done.stdout, done.stderr];
}
function prints(values, lines, input) {
  assert.deepEqual(count(values, input), [0, lines.map((line) => line + "\n").join(""), ""], values.join(" "));
}
function fails(values, status, pattern, output = "") {
  const [got, out, error] = count(values);
  assert.equal(got, status, values.join(" "));
  assert.match(error, pattern);
  assert.equal(error.trim().split("\n").length, 1);
  assert.equal(out, output);
}

prints(["a"], ["8\ta"]);
prints(["a", "b"], ["8\ta", "6\tb", "14\ttotal"]);
prints([], ["3\t-"], "one two three");
prints(["-", "a", "-"], ["2\t-", "8\ta", "0\t-", "10\ttotal"], "x y");
prints(["--top", "2", "a"], ["2\tthe", "1\tThe"]);
prints(["a", "--top=2", "-i"], ["3\tthe", "1\tand"]);
prints(["--ignore-case", "--top", "1", "a", "b"], ["3\tand"]);
prints(["--min-length", "4", "a"], ["2\ta"]);
prints(["--min-length=5", "--top", "9", "b"], ["1\tnai\u0308ve", "1\tna\u00efve"]);
prints(["--", "--top"], ["2\t--top"]);
prints(["--top", "50", "--min-length", "6", "a"], ["1\tquoted"]);
fails(["--bottom", "a"], 2, /^count: /);
fails(["-x", "a"], 2, /^count: /);
fails(["a", "--top"], 2, /^count: /);
fails(["--top", "0", "a"], 2, /^count: /);
fails(["--top=1.5", "a"], 2, /^count: /);
fails(["--min-length", "two", "a"], 2, /^count: /);
fails(["--top", "--ignore-case", "a"], 2, /^count: /);
fails(["none", "a"], 1, /^count: .*none/, "8\ta\n8\ttotal\n");
