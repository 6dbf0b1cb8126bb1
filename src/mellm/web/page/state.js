// One value that several parts of a page watch.

export class State {
  constructor(values) {
    this.values = values;
    this.watchers = [];
  }

  get(key) {
    return this.values[key];
  }

  /** Change some values; whoever watches one that really changed is called once. */
  set(changes) {
    const changed = Object.keys(changes).filter((key) => this.values[key] !== changes[key]);
    if (!changed.length) return;
    Object.assign(this.values, changes);
    for (const [keys, call] of this.watchers) if (keys.some((key) => changed.includes(key))) call(this.values);
  }

  /** Say that a value changed inside. */
  touch(key) {
    for (const [keys, call] of this.watchers) if (keys.includes(key)) call(this.values);
  }

  watch(keys, call) {
    this.watchers.push([keys, call]);
  }
}
