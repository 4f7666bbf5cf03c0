export class Cache {
  #entries = [];

  constructor(capacity) {
    this.capacity = capacity;
  }

  get(key) {
    const at = this.#entries.findIndex((entry) => entry.key === key);
    if (at < 0) return undefined;
    const [entry] = this.#entries.splice(at, 1);
    this.#entries.push(entry);
    return entry.value;
  }

  set(key, value) {
    const at = this.#entries.findIndex((entry) => entry.key === key);
    if (at >= 0) this.#entries.splice(at, 1);
    this.#entries.push({ key, value });
    if (this.#entries.length > this.capacity) this.#entries.shift();
  }
}
