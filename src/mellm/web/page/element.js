// Finds the elements that stand in the pages themselves.

/** @import {Elements} from "./types.d.ts" */

/**
 * The page's element of this id.
 * @template {keyof Elements} Id
 * @param {Id} id
 * @returns {Elements[Id]}
 */
export const at = (id) => /** @type {any} */ (document.querySelector(id));
