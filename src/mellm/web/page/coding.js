// What a person says about the moments of a report, as values that are never changed, only replaced.

/** @import {Annotation, ActionUnitReading, Coded, CodedMoment, CodedUnit, Doc, Entry, FrameRange, Interval, MicroExpression, SideName, UnitRow} from "./types.d.ts" */

/** @type {Doc} */
export const NOTHING_SAID = { note: "", finished: false, entries: {} };

/** @type {Record<SideName, string>} */
export const PREFIX = { both: "", left: "L", right: "R", top: "T", bottom: "B" };
export const SIDES = /** @type {SideName[]} */ (Object.keys(PREFIX));

/** @type {Coded} */
const NOTHING = { id: null, verdict: "open", frames: null, units: [], emotion: null, text: null, note: "", reread: null, spotted: null };

/** @param {string} code */
export const numberOf = (code) => Number(/\d+/.exec(code)?.[0]);

/** @param {string} code */
export const sideOf = (code) => SIDES.find((name) => PREFIX[name] === (/^[LRTB]/.exec(code)?.[0] ?? ""));

/**
 * What is said about one moment; nothing yet: an empty word.
 * @param {Doc} doc
 * @param {string} key
 * @param {number | null} number
 * @param {number} person
 * @returns {Entry}
 */
export const entryOf = (doc, key, number, person) => doc.entries[key] ?? { key, number, person, ...NOTHING };

/** @param {Entry} entry */
export const touched = ({ verdict, frames, units, emotion, text, note }) => verdict !== "open" || Boolean(frames || units.length || emotion || text || note);

/** @param {Entry} entry */
export const changed = ({ frames, units, emotion, text }) => Boolean(frames || emotion || text || units.some((unit) => unit.verdict !== "agreed"));

/**
 * The verdict that follows from what was done: agreement holds only as long as nothing is changed.
 * @param {Entry} entry
 * @returns {Entry}
 */
export function settled(entry) {
  if (entry.verdict === "added" || entry.verdict === "rejected") return entry;
  if (changed(entry)) return { ...entry, verdict: "changed" };
  return entry.verdict === "changed" ? { ...entry, verdict: "open" } : entry;
}

/**
 * The document with another word about one moment.
 * @param {Doc} doc
 * @param {Entry} entry
 * @returns {Doc}
 */
export function put(doc, entry) {
  const entries = { ...doc.entries, [entry.key]: settled(entry) };
  if (!touched(entries[entry.key])) delete entries[entry.key];
  return { ...doc, entries };
}

/**
 * @param {Doc} doc
 * @param {string} key
 * @returns {Doc}
 */
export function without(doc, key) {
  const { [key]: _, ...entries } = doc.entries;
  return { ...doc, entries };
}

/**
 * One word on a unit in place of another; either may be null.
 * @param {Entry} entry
 * @param {CodedUnit | null} before
 * @param {CodedUnit | null} after
 * @returns {Entry}
 */
export function withUnit(entry, before, after) {
  const at = before ? entry.units.indexOf(before) : -1;
  const units = at < 0 ? [...entry.units, ...(after ? [after] : [])] : entry.units.flatMap((unit, k) => (k !== at ? [unit] : after ? [after] : []));
  return { ...entry, units };
}

/**
 * Units with the person's word on each: {program, coded}, one of them may be null.
 * @param {ActionUnitReading[]} program
 * @param {CodedUnit[]} coded
 * @returns {UnitRow[]}
 */
export function unitRows(program, coded) {
  const left = [...coded];
  /** @param {ActionUnitReading} au */
  const taken = (au) => {
    const exact = left.findIndex((unit) => unit.was === au.code);
    const at = exact >= 0 ? exact : left.findIndex((unit) => unit.was && numberOf(unit.was) === au.au);
    return at >= 0 ? left.splice(at, 1)[0] : null;
  };
  const rows = program.map((au) => ({ program: au, coded: taken(au) }));
  return [...rows, ...left.map((unit) => ({ program: /** @type {null} */ (null), coded: unit }))];
}

/**
 * Another row that already holds this unit on this side: the same unit is never coded twice.
 * @param {UnitRow[]} rows
 * @param {UnitRow | null} mine
 * @param {string} code
 */
export function doubled(rows, mine, code) {
  const [au, side] = [numberOf(code), sideOf(code)];
  return rows.find((row) => {
    if (row.program === mine?.program && row.coded === mine?.coded) return false;
    if (row.coded ? row.coded.verdict === "rejected" : !row.program.present) return false;
    const other = row.coded?.code ?? row.program.code;
    return numberOf(other) === au && (side === "both" || sideOf(other) === "both" || sideOf(other) === side);
  }) ?? null;
}

/**
 * Why an interval cannot be, as a word of the page; null where it can.
 * @param {FrameRange} frames
 * @param {number} count - frames of the clip
 */
export function refused({ onset, apex, offset }, count) {
  if ([onset, apex, offset ?? apex].some((frame) => frame < 0 || frame >= count)) return "no_such_frame";
  if (onset >= apex) return "onset_after_apex";
  return offset !== null && offset !== undefined && offset < apex ? "apex_after_offset" : null;
}

/**
 * What a moment of the program is called.
 * @param {number} number
 */
export const programKey = (number) => `me${number}`;

/**
 * A saved annotation as a document.
 * @param {Pick<Annotation, "note" | "moments" | "finished">} annotation
 * @returns {Doc}
 */
export function docOf({ note, finished, moments }) {
  const entries = moments.map((moment, k) => ({ ...NOTHING, ...moment, key: moment.key ?? (moment.number === null ? `added${k}` : programKey(moment.number)) }));
  return { note, finished: finished ?? false, entries: Object.fromEntries(entries.map((entry) => [entry.key, entry])) };
}

/**
 * The program's frames.
 * @param {Interval} when
 * @returns {FrameRange}
 */
export const framesOf = (when) => ({ onset: when.onset_frame, apex: when.apex_frame, offset: when.offset_frame ?? null });

/**
 * What was said before an analysis had ended, brought to its report as the server does it: a moment the report does
 * not have is the person's own, and a unit that was added before the program's own came is a word on that one.
 * @param {Doc} doc
 * @param {MicroExpression[]} mes
 * @returns {Doc}
 */
export function takenOver(doc, mes) {
  const entries = Object.values(doc.entries).map((entry) => {
    const { spotted, number, person, verdict } = entry;
    if (!spotted || number === null) return entry;
    const alike = mes.filter((me) => me.person === person && sameFrames(framesOf(me.interval), spotted));
    const me = alike.find((one) => one.number === number) ?? alike[0];
    if (me) return { ...entry, number: me.number, id: me.number, key: programKey(me.number), spotted: null, units: entry.units.map((unit) => met(unit, me.action_units)) };
    const taken = mes.some((one) => one.number === number) || Object.values(doc.entries).some((one) => one !== entry && one.id === number);
    /** @type {Entry} */
    const own = { ...entry, number: null, id: taken ? null : number, key: taken ? `own${number}` : programKey(number), verdict: verdict === "rejected" ? "rejected" : "added", frames: entry.frames ?? spotted, spotted: null };
    return own;
  });
  return { ...doc, entries: Object.fromEntries(entries.map((entry) => [entry.key, entry])) };
}

/** @param {FrameRange} a @param {FrameRange} b */
export const sameFrames = (a, b) => a.onset === b.onset && a.apex === b.apex && (a.offset ?? null) === (b.offset ?? null);

/**
 * @param {CodedUnit} unit
 * @param {ActionUnitReading[]} program
 * @returns {CodedUnit}
 */
function met(unit, program) {
  if (unit.verdict !== "added" || unit.was) return unit;
  const own = program.find((one) => one.present && one.au === numberOf(unit.code) && sideOf(one.code) === sideOf(unit.code));
  return own ? { ...unit, was: own.code, verdict: own.code === unit.code ? "agreed" : "changed" } : unit;
}

/**
 * Whether two people say the same about a moment: what was measured for them does not count.
 * @param {Entry | undefined} a
 * @param {Entry | undefined} b
 */
export const same = (a, b) => said(a) === said(b);

/** @param {Doc} a @param {Doc} b */
export const sameDoc = (a, b) => a.note === b.note && a.finished === b.finished && [...new Set([...Object.keys(a.entries), ...Object.keys(b.entries)])].every((key) => same(a.entries[key], b.entries[key]));

/** @param {Entry | undefined} entry */
function said(entry) {
  if (!entry) return "";
  const { person, verdict, frames, units, emotion, text, note } = entry;
  return JSON.stringify([person, verdict, frames && [frames.onset, frames.apex, frames.offset ?? null], units.map((unit) => [unit.code, unit.verdict, unit.was, unit.note]),
    emotion && [emotion.taxonomy, emotion.label], text && [text.analysis, text.reasoning, text.conclusion], note]);
}

/**
 * Three documents made one: where only one side changed a moment, its word; where both did, mine, and the key is
 * listed so that a person decides.
 * @param {Doc} base
 * @param {Doc} mine
 * @param {Doc} theirs
 * @returns {{ doc: Doc, both: string[] }}
 */
export function merged(base, mine, theirs) {
  /** @type {Record<string, Entry>} */
  const entries = {};
  /** @type {string[]} */
  const both = [];
  for (const key of new Set([...Object.keys(theirs.entries), ...Object.keys(mine.entries)])) {
    const [was, my, their] = [base.entries[key], mine.entries[key], theirs.entries[key]];
    if (!same(was, my) && !same(was, their) && !same(my, their)) both.push(key);
    const chosen = same(was, my) ? their : my;
    // The server gives the numbers.
    if (chosen) entries[key] = chosen.id === null && their?.id ? { ...chosen, id: their.id } : chosen;
  }
  return { doc: { note: base.note === mine.note ? theirs.note : mine.note, finished: mine.finished, entries }, both };
}
