import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));

const { Cache } = await load("cache.mjs");

function bench(capacity, lifetime) {
  const time = { now: 0, asked: 0 };
  const gone = [];
  const clock = () => (time.asked++, time.now);
  const cache = new Cache(capacity, { lifetime, clock, onRemove: (...values) => gone.push(values) });
  return { cache, time, gone };
}
{
  const { cache, gone } = bench(2);
  cache.set("a", 1); cache.set("b", undefined);
  assert.equal(cache.get("a"), 1);
  assert.equal(cache.has("b"), true);
  assert.equal(cache.peek("b"), undefined);
  cache.set("c", 3);
  assert.deepEqual(gone, [["b", undefined, "full"]]);
  assert.deepEqual(cache.keys(), ["a", "c"]);
  cache.set("a", 4);
  assert.deepEqual(cache.keys(), ["c", "a"]);
  assert.equal(cache.delete("c"), true);
  assert.equal(cache.delete("c"), false);
  assert.deepEqual(gone.slice(1), [["a", 1, "replaced"], ["c", 3, "deleted"]]);
  assert.equal(cache.size, 1);
}
{
  const { cache, time, gone } = bench(3, 10);
  cache.set("a", 1);
  time.now = 5; cache.set("b", 2); cache.set("c", 3);
  time.now = 9; assert.equal(cache.get("a"), 1);
  time.now = 10;
  assert.equal(cache.size, 2);
  cache.set("d", 4);
  assert.deepEqual(gone, [["a", 1, "expired"]]);
  assert.deepEqual(cache.keys(), ["b", "c", "d"]);
  time.now = 15;
  assert.equal(cache.get("b"), undefined);
  assert.equal(cache.has("c"), false);
  assert.equal(cache.delete("c"), false);
  assert.deepEqual(gone.slice(1), [["b", 2, "expired"], ["c", 3, "expired"]]);
  cache.set("d", 5);
  time.now = 24; assert.equal(cache.peek("d"), 5);
  time.now = 25; assert.equal(cache.peek("d"), undefined);
}
{
  const { cache, time, gone } = bench(2, 10);
  cache.set("a", 1); time.now = 10; cache.set("a", 2);
  assert.deepEqual(gone, [["a", 1, "expired"]]);
}
{
  const cache = new Cache(1, { onRemove: (key) => seen.push([key, cache.keys().join()]) });
  const seen = [];
  cache.set("a", 1); cache.set("b", 2);
  assert.deepEqual(seen, [["a", "b"]]);
}
{
  const plain = new Cache(1);
  plain.set("a", 1); plain.set("b", 2);
  assert.deepEqual([plain.get("a"), plain.get("b")], [undefined, 2]);
}
{
  const { cache, time } = bench(100, 1e9);
  for (let n = 0; n < 300; n++) cache.set(n, n);
  assert.equal(cache.size, 100);
  for (const call of [() => cache.get(1), () => cache.set(1, 1), () => cache.has(1), () => cache.peek(1), () => cache.delete(1)]) {
    time.asked = 0; call();
    assert.ok(time.asked <= 1);
  }
}
