// First in, first out. `Array.prototype.shift` moves what stays, which for a long queue costs more than the work in it.

/** A queue. Undefined cannot be a member. */
export class Queue {
  #members = [];
  #head = 0;

  get length() {
    return this.#members.length - this.#head;
  }

  push(member) {
    this.#members[this.#members.length] = member;
  }

  /** @returns {unknown} the oldest member, taken out; undefined if there is none */
  shift() {
    const member = this.#members[this.#head];
    if (member === undefined) return undefined;
    this.#members[this.#head++] = undefined;
    // Half of it is empty: each member moves once per doubling.
    if (this.#head > 64 && this.#head * 2 > this.#members.length) this.#compact();
    return member;
  }

  /** Takes all members out and gives them, oldest first. */
  clear() {
    this.#compact();
    const members = this.#members;
    this.#members = [];
    return members;
  }

  #compact() {
    this.#members = this.#members.slice(this.#head);
    this.#head = 0;
  }
}
