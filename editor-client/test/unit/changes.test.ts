import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf } from "../../src/changes.js";

const DIFF = `--- a/src/a.py
+++ b/src/a.py
@@ -1,3 +1,3 @@
 # 漢字 🙂
-x = 1
+x = 2
 y = 1`;

test("a candidate's text is the file with its diff", () => {
  const [change] = changesOf(DIFF);
  assert.equal(change?.path, "src/a.py");
  assert.equal(change.after("# 漢字 🙂\nx = 1\ny = 1\n"), "# 漢字 🙂\nx = 2\ny = 1\n");
});

test("a file without a line break at its end fits too", () => {
  assert.equal(changesOf(DIFF)[0]?.after("# 漢字 🙂\nx = 1\ny = 1"), "# 漢字 🙂\nx = 2\ny = 1");
});

test("a file that moved on is not guessed at", () => {
  assert.equal(changesOf(DIFF)[0]?.after("x = 5\n"), undefined);
});

test("a new file has a text too", () => {
  const diff = "--- a/new.txt\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+one\n+two";
  const text = changesOf(diff)[0]?.after("");
  assert.equal(text?.trimEnd(), "one\ntwo");
});

test("several files are several changes", () => {
  const both = `${DIFF}\n${DIFF.replaceAll("a.py", "b.py")}`;
  assert.deepEqual(
    changesOf(both).map(({ path }) => path),
    ["src/a.py", "src/b.py"],
  );
});

test("a diff that was cut off shows nothing", () => {
  assert.deepEqual(changesOf(`${DIFF}\n@@ -9,4 +9,4 @@\n x\n[123 more characters]`), []);
  assert.deepEqual(changesOf(""), []);
});
