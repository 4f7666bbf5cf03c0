export class Emitter {
  #entries = new Map();

  on(event, listener) {
    return this.#add(event, { listener, once: false, removed: false });
  }

  once(event, listener) {
    return this.#add(event, { listener, once: true, removed: false });
  }

  off(event, listener) {
    const entry = (this.#entries.get(event) ?? []).findLast((each) => each.listener === listener);
    if (entry) this.#remove(event, entry);
  }

  emit(event, ...values) {
    const errors = [];
    // The list is replaced and never changed, so that this one stays as it was.
    for (const entry of this.#entries.get(event) ?? []) {
      if (entry.removed) continue;
      if (entry.once) this.#remove(event, entry);
      try {
        entry.listener(...values);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length) throw new AggregateError(errors, `${errors.length} listeners failed`);
  }

  #add(event, entry) {
    this.#entries.set(event, [...(this.#entries.get(event) ?? []), entry]);
    return () => this.#remove(event, entry);
  }

  #remove(event, entry) {
    entry.removed = true;
    const left = (this.#entries.get(event) ?? []).filter((each) => each !== entry);
    this.#entries.set(event, left);
  }
}
