// Folders people drop or choose: which of their files are clips, and which directories are one recording.

/** @import {Found, Recording} from "./types.d.ts" */

const PICTURE = /\.(jpe?g|jpe|jfif|png|bmp|dib|tiff?|webp|avif|pgm|ppm|pnm|pbm)$/i;
const CLIP = /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|m2ts|mts|ts|wmv|flv|ogv|3gp|gif|apng|y4m)$/i;

/**
 * Whether files of a drop came in folders; the browser forgets the drop at the next turn, so ask at once.
 * @param {DataTransfer} transfer
 */
export function entriesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  return entries.some((entry) => entry.isDirectory) ? entries : null;
}

/**
 * Every file below some entries: [{path, file}].
 * @param {FileSystemEntry[]} entries
 * @returns {Promise<Found[]>}
 */
export async function walk(entries) {
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) found.push({ path: entry.fullPath.replace(/^\//, ""), file: await new Promise((done, fail) => { /** @type {FileSystemFileEntry} */ (entry).file(done, fail); }) });
    else found.push(...await walk(await children(/** @type {FileSystemDirectoryEntry} */ (entry))));
  }
  return found;
}

/**
 * The entries of a directory: a browser gives them in pieces of a hundred.
 * @param {FileSystemDirectoryEntry} directory
 * @returns {Promise<FileSystemEntry[]>}
 */
async function children(directory) {
  const reader = directory.createReader();
  /** @type {FileSystemEntry[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const piece = await new Promise((done, fail) => { reader.readEntries(done, fail); });
    if (!piece.length) return found;
    found.push(...piece);
  }
}

/**
 * Files a directory input gives, in the same form.
 * @param {FileList} files
 */
export const chosen = (files) => [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/**
 * What to analyse of a folder: {clips: [file], recordings: [{name, files}], left: number}.
 * Pictures of one directory are the frames of one recording, in the order of their numbers.
 * @param {Found[]} found
 * @returns {{ clips: File[], recordings: Recording[], left: number }}
 */
export function sortOut(found) {
  /** @type {File[]} */
  const clips = [];
  /** @type {Map<string, File[]>} */
  const directories = new Map();
  let left = 0;
  for (const { path, file } of found) {
    const parts = path.split("/");
    const name = parts.pop();
    if (name.startsWith(".")) continue;
    if (CLIP.test(name)) clips.push(file);
    else if (PICTURE.test(name)) directories.set(parts.join("/"), [...(directories.get(parts.join("/")) ?? []), file]);
    else left += 1;
  }
  const order = new Intl.Collator("en", { numeric: true }).compare;
  /** @type {Recording[]} */
  const recordings = [];
  for (const [place, files] of directories) {
    if (files.length < 2) left += files.length;
    else recordings.push({ name: place || files[0].name, files: files.sort((a, b) => order(a.name, b.name)) });
  }
  recordings.sort((a, b) => order(a.name, b.name));
  clips.sort((a, b) => order(a.name, b.name));
  return { clips, recordings, left };
}
