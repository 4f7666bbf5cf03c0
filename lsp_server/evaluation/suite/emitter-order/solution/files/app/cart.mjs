import { Emitter } from "./emitter.mjs";

export class Cart extends Emitter {
  items = [];
  discount = 0;
  state = { count: 0, total: 0 };

  add(price) {
    this.items.push(price);
    this.#changed();
  }

  setDiscount(percent) {
    this.discount = percent;
    this.#changed();
  }

  clear() {
    this.items = [];
    this.#changed();
  }

  #changed() {
    const before = this.state;
    const sum = this.items.reduce((total, price) => total + price, 0);
    const total = sum - Math.floor((sum * this.discount) / 100);
    if (before.count === this.items.length && before.total === total) return;
    this.state = { count: this.items.length, total };
    this.emit("change", this.state);
  }
}
