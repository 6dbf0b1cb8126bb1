// One value that several parts of a page watch.

/** @import {Context} from "./types.d.ts" */

/** @template {object} Values */
export class State {
  /** @param {Values} values */
  constructor(values) {
    this.values = values;
    /** @type {[(keyof Values)[], (values: Values) => void][]} */
    this.watchers = [];
  }

  /**
   * @template {keyof Values} Key
   * @param {Key} key
   * @returns {Values[Key]}
   */
  get(key) {
    return this.values[key];
  }

  /**
   * Change some values; whoever watches one that really changed is called once.
   * @param {Partial<Values>} changes
   */
  set(changes) {
    const changed = /** @type {(keyof Values)[]} */ (Object.keys(changes)).filter((key) => this.values[key] !== changes[key]);
    if (!changed.length) return;
    Object.assign(this.values, changes);
    for (const [keys, call] of this.watchers) if (keys.some((key) => changed.includes(key))) call(this.values);
  }

  /**
   * Say that a value changed inside.
   * @param {keyof Values} key
   */
  touch(key) {
    for (const [keys, call] of this.watchers) if (keys.includes(key)) call(this.values);
  }

  /**
   * @param {(keyof Values)[]} keys
   * @param {(values: Values) => void} call
   */
  watch(keys, call) {
    this.watchers.push([keys, call]);
  }
}

/**
 * A part of the clip page: everything in the page's context is its own.
 * @type {new (context: Context) => Context}
 */
export const Part = /** @type {any} */ (class {
  /** @param {Context} context */
  constructor(context) {
    Object.assign(this, context);
  }
});
