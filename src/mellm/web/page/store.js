// One value that the parts of a page watch, with what the person did as steps that can be undone.

/** @import {Doc} from "./types.d.ts" */

/** @template {object} Values */
export class Store {
  /** @param {Values} values */
  constructor(values) {
    this.values = values;
    /** @type {Set<[(keyof Values)[], (values: Values) => void]>} */
    this.watchers = new Set();
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
    for (const [keys, call] of [...this.watchers]) if (keys.some((key) => changed.includes(key))) call(this.values);
  }

  /**
   * Returns a function that ends the watch.
   * @param {(keyof Values)[]} keys
   * @param {(values: Values) => void} call
   */
  watch(keys, call) {
    /** @type {[(keyof Values)[], (values: Values) => void]} */
    const watcher = [keys, call];
    this.watchers.add(watcher);
    return () => { this.watchers.delete(watcher); };
  }
}

/** @typedef {{ name: string, joins: string | null, doc: Doc }} Step */

/**
 * Every change of what the person says, as steps: `values.doc` is never changed inside, always replaced.
 * @template {{ doc: Doc, steps: number }} Values
 */
export class Undoable {
  /** @param {Store<Values>} store */
  constructor(store) {
    this.store = store;
    /** @type {Step[]} */
    this.past = [];
    /** @type {Step[]} */
    this.future = [];
  }

  /**
   * Change the document. Steps that follow each other with the same `joins` (letters of one note) are undone as one.
   * @param {string} name - a word of the page, for what is undone
   * @param {(doc: Doc) => Doc} change
   * @param {string | null} joins
   */
  act(name, change, joins = null) {
    const before = this.store.get("doc");
    const after = change(before);
    if (after === before) return;
    if (!joins || this.past.at(-1)?.joins !== joins) this.past.push({ name, joins, doc: before });
    this.future = [];
    this.put(after);
  }

  /** The name of what was undone, or null. */
  undo() {
    return this.move(this.past, this.future);
  }

  redo() {
    return this.move(this.future, this.past);
  }

  /**
   * What was said takes another form: everything that can be undone too.
   * @param {(doc: Doc) => Doc} change
   */
  rewrite(change) {
    for (const step of [...this.past, ...this.future]) step.doc = change(step.doc);
  }

  /** What was saved or loaded is where undoing begins. */
  forget() {
    [this.past, this.future] = [[], []];
    this.store.set(/** @type {Partial<Values>} */ ({ steps: this.store.get("steps") + 1 }));
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   */
  move(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ name: step.name, joins: null, doc: this.store.get("doc") });
    this.put(step.doc);
    return step.name;
  }

  /** @param {Doc} doc */
  put(doc) {
    this.store.set(/** @type {Partial<Values>} */ ({ doc, steps: this.store.get("steps") + 1 }));
  }
}
