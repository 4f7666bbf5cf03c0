import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));

const { Emitter } = await load("app/emitter.mjs");
const { Cart } = await load("app/cart.mjs");
const { badge } = await load("app/badge.mjs");
const { log } = await load("app/log.mjs");

function calls(build) {
  const emitter = new Emitter();
  const heard = [];
  const say = (name) => () => heard.push(name);
  build(emitter, heard, say);
  return heard.join("");
}

assert.equal(calls((e, heard, say) => {
  const own = () => { heard.push("a"); e.off("x", own); };
  e.on("x", own); e.on("x", say("b")); e.emit("x"); e.emit("x");
}), "abb");
assert.equal(calls((e, heard, say) => {
  const b = say("b");
  e.on("x", () => { heard.push("a"); e.off("x", b); });
  e.on("x", b); e.on("x", say("c")); e.emit("x");
}), "ac");
assert.equal(calls((e, heard, say) => {
  const a = say("a");
  e.once("x", a); e.off("x", a); e.emit("x");
  const stop = e.once("x", say("b")); stop(); e.emit("x");
  const later = e.on("x", say("c")); e.emit("x"); later(); later(); e.emit("x");
}), "c");
assert.equal(calls((e, heard) => {
  e.once("x", () => { heard.push("a"); e.emit("x"); });
  e.emit("x"); e.emit("x");
}), "a");
assert.equal(calls((e, heard, say) => {
  e.on("x", () => { heard.push("a"); e.on("x", say("n")); });
  e.emit("x"); e.emit("x");
}), "aan");
assert.equal(calls((e, heard, say) => {
  const a = say("a");
  e.on("x", a); e.on("x", say("b")); e.on("x", a);
  e.emit("x"); e.off("x", a); e.emit("x"); e.off("x", a); e.emit("x"); e.off("x", a);
}), "abaabb");
{
  const e = new Emitter();
  const heard = [];
  const one = new Error("one");
  e.on("x", () => { throw one; });
  e.on("x", () => heard.push("a"));
  assert.throws(() => e.emit("x"), (error) => error === one);
  e.on("x", () => { throw new Error("two"); });
  e.on("x", () => heard.push("b"));
  assert.throws(
    () => e.emit("x"),
    (error) => error instanceof AggregateError && error.errors.map((each) => each.message).join() === "one,two",
  );
  assert.equal(heard.join(""), "aab");
  e.once("y", () => { throw one; });
  assert.throws(() => e.emit("y"));
  e.emit("y");
}
{
  const cart = new Cart();
  const shown = badge(cart);
  const entries = log(cart);
  cart.clear();
  cart.setDiscount(10);
  assert.deepEqual(entries, []);
  cart.add(1000);
  assert.equal(shown.text, "1 for 900");
  cart.add(9);
  cart.setDiscount(10);
  cart.setDiscount(50);
  cart.clear();
  assert.deepEqual(entries, [
    { count: 1, total: 900 },
    { count: 2, total: 909 },
    { count: 2, total: 505 },
    { count: 0, total: 0 },
  ]);
  assert.deepEqual(cart.state, { count: 0, total: 0 });
}
