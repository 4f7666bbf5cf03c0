import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));

import { spawnSync } from "node:child_process";

const { runAll } = await load("jobs.mjs");
const { runAllCallbacks } = await load("callbacks.mjs").catch((error) => assert.fail(`Error: ${error.message}`));
const unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
const turn = () => new Promise((resolve) => setImmediate(resolve));

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
function bench(count) {
  const parts = Array.from({ length: count }, deferred);
  const begun = [];
  const jobs = parts.map((part, n) => (...values) => {
    begun.push(n);
    part.values = values;
    return part.promise;
  });
  return { parts, begun, jobs };
}

{
  const { parts, begun, jobs } = bench(5);
  const all = runAll(jobs, 2);
  assert.deepEqual(begun, [0, 1]);
  parts[1].resolve("b"); await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  parts[2].resolve("c"); parts[0].resolve("a"); await turn();
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  parts[4].resolve("e"); parts[3].resolve("d");
  assert.deepEqual(await all, ["a", "b", "c", "d", "e"]);
}
assert.deepEqual(await runAll([], 3), []);
assert.deepEqual(await runAll([() => 1, async () => undefined, () => 3], 9), [1, undefined, 3]);
{
  const { parts, begun, jobs } = bench(4);
  let ended = null;
  const all = runAll(jobs, 2).catch((error) => (ended = error));
  const first = new Error("first");
  parts[0].reject(first); await turn();
  assert.equal(ended, null);
  parts[1].reject(new Error("second")); await all;
  assert.equal(ended, first);
  assert.deepEqual(begun, [0, 1]);
}
await assert.rejects(runAll([() => { throw undefined; }, () => 1], 1), (error) => error === undefined);
{
  const { parts, begun, jobs } = bench(4);
  const control = new AbortController();
  let ended = null;
  const all = runAll(jobs, 2, { signal: control.signal }).catch((error) => (ended = error));
  assert.equal(parts[0].values[0], control.signal);
  control.abort("enough"); await turn();
  assert.equal(ended, null);
  parts[0].resolve(1); parts[1].resolve(2); await all;
  assert.equal(ended, "enough");
  assert.deepEqual(begun, [0, 1]);
  const later = bench(1);
  await assert.rejects(runAll(later.jobs, 1, { signal: control.signal }), (error) => error === "enough");
  assert.deepEqual(later.begun, []);
}
for (const limit of [0, -1, 1.5, NaN, "2", undefined])
  await assert.rejects(runAll([() => 1], limit), RangeError);
assert.equal((await runAll(Array(100_000).fill(() => 1), 3)).length, 100_000);

{
  const called = [];
  runAllCallbacks([(end) => { end(null, 1); end(null, 2); }, (end) => setTimeout(end, 1, null, 3)], 1, (...values) => called.push(values));
  assert.deepEqual(called, []);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(called, [[null, [1, 3]]]);
  runAllCallbacks([(end) => end("bad"), () => assert.fail()], 1, (...values) => called.push(values));
  runAllCallbacks([], 1, (...values) => called.push(values));
  assert.equal(called.length, 1);
  await turn(); await turn();
  assert.deepEqual(called.slice(1).map((values) => values[0]).sort(), ["bad", null]);
}
{
  const url = pathToFileURL(`${process.argv[2]}/callbacks.mjs`);
  const code = `import { runAllCallbacks } from ${JSON.stringify(url)};
    let calls = 0;
    process.on("uncaughtException", (error) => { console.log(error.message, calls); });
    process.on("unhandledRejection", () => { console.log("unhandled"); });
    runAllCallbacks([(end) => end(null, 1)], 1, () => { calls++; throw new Error("own"); });`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  assert.equal(done.stdout, "own 1\n");
}
await turn();
assert.deepEqual(unhandled, []);
