// Landmarks, head pose and regions of a face, fetched in pieces where they are looked at.

import * as api from "./api.js";

/** @import {App} from "./app.js" */
/** @import {FaceCourse} from "./types.d.ts" */

const PIECE = 100;

export class FaceTracks {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, FaceCourse | "busy" | Error>} */
    this.pieces = new Map();
  }

  /**
   * The piece that holds a frame; null until it is here.
   * @param {number} person
   * @param {number} frame
   */
  piece(person, frame) {
    if (this.app.state.get("blind")) return null;
    const first = Math.floor(frame / PIECE) * PIECE;
    const key = `${person} ${first}`;
    if (!this.pieces.has(key)) {
      this.pieces.set(key, "busy");
      const last = Math.min(first + PIECE, this.app.frames.count) - 1;
      api.faces(this.app.job.id, person, first, last).then((found) => this.pieces.set(key, found), (error) => this.pieces.set(key, error))
        .finally(() => this.app.state.set({ faces: this.app.state.get("faces") + 1 }));
    }
    const found = this.pieces.get(key);
    return found === "busy" || found instanceof Error ? null : found;
  }

  /**
   * What is known of one frame.
   * @param {number} person
   * @param {number} frame
   */
  at(person, frame) {
    const piece = this.piece(person, frame);
    const k = piece ? piece.frames.indexOf(frame) : -1;
    return k < 0 ? null : { points: piece.points[k], lines: piece.lines, pose: piece.pose[k], region: (/** @type {string} */ name) => piece.regions[name]?.[k] ?? null };
  }
}
