/**
 * Keeps what was used last, each entry for its lifetime.
 *
 * Maps keep their keys in the order of insertion: one by use, one by the end of the lifetime,
 * which is the order of the sets since all live equally long.
 */
export class Cache {
  #byUse = new Map();
  #bySet = new Map();

  constructor(capacity, { lifetime = Infinity, clock = Date.now, onRemove = () => {} } = {}) {
    this.capacity = capacity;
    this.lifetime = lifetime;
    this.clock = clock;
    this.onRemove = onRemove;
  }

  get(key) {
    const entry = this.#living(key);
    if (!entry) return undefined;
    this.#byUse.delete(key);
    this.#byUse.set(key, entry);
    return entry.value;
  }

  peek(key) {
    return this.#living(key)?.value;
  }

  has(key) {
    return this.#living(key) !== undefined;
  }

  set(key, value) {
    const now = this.clock();
    const removed = [];
    const old = this.#byUse.get(key);
    if (old) removed.push([key, old.value, old.end <= now ? "expired" : "replaced"]);
    this.#take(key);
    const entry = { value, end: now + this.lifetime };
    this.#byUse.set(key, entry);
    this.#bySet.set(key, entry);
    while (this.#byUse.size > this.capacity) {
      const [oldest, first] = this.#bySet.entries().next().value;
      const why = first.end <= now ? "expired" : "full";
      const goes = why === "expired" ? oldest : this.#byUse.keys().next().value;
      removed.push([goes, this.#byUse.get(goes).value, why]);
      this.#take(goes);
    }
    for (const each of removed) this.onRemove(...each);
  }

  delete(key) {
    const entry = this.#living(key);
    if (!entry) return false;
    this.#take(key);
    this.onRemove(key, entry.value, "deleted");
    return true;
  }

  get size() {
    return this.keys().length;
  }

  keys() {
    const now = this.clock();
    return [...this.#byUse].filter(([, entry]) => entry.end > now).map(([key]) => key);
  }

  #living(key) {
    const entry = this.#byUse.get(key);
    if (!entry || entry.end > this.clock()) return entry;
    this.#take(key);
    this.onRemove(key, entry.value, "expired");
    return undefined;
  }

  #take(key) {
    this.#byUse.delete(key);
    this.#bySet.delete(key);
  }
}
