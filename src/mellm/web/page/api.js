// The server's API as functions. Errors are Error objects whose message is the server's sentence.

/** @import {Partial as Known} from "./types.d.ts" */
/** @import {Agreement as AgreementFigures, Annotation, Choices, ClipAnswer, CoderState, FaceCourse, Finding, FrameTable, Item, Job, JobPage, JobRequest, Kept, MediaFile, MicroExpression, NewAnnotation, Reading, Report, ReviewState} from "./types.d.ts" */

const BASE = "/api/v1";
/** @typedef {Record<string, string | number>} Query */
/** @typedef {(piece: { moment: number, text: string }) => void} Hear */

/** Who looks, where the clip is coded blind: what the program found is shown to coders who have handed in. */
let viewer = "";
/** @param {string} name */
export const lookAs = (name) => { viewer = name; };
/** @param {string} address */
const seen = (address) => (viewer ? `${address}${address.includes("?") ? "&" : "?"}${search({ viewer })}` : address);

const GONE = "The server does not answer; is `mellm serve` still running?";

/**
 * @param {string} path
 * @param {RequestInit} options
 * @returns {Promise<any>}
 */
async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(BASE + path, options);
  } catch {
    throw new Error(GONE);
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw Object.assign(new Error(body.error || `The server answered ${answer.status}.`), { status: answer.status, conflict: body.conflict });
  return body;
}

/**
 * @param {string} method
 * @param {object} body
 */
const send = (method, body) => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** @param {Query} query */
const search = (query) => new URLSearchParams(/** @type {Record<string, string>} */ (query));

/** @returns {Promise<Choices>} */
export const choices = () => ask("/choices");
/**
 * @param {Query} query
 * @returns {Promise<JobPage>}
 */
export const jobs = (query = {}) => ask(seen(`/jobs?${search(query)}`));
/** @type {(id: string) => Promise<Job>} */
export const job = (id) => ask(`/jobs/${id}`);
/** @type {(request: Partial<JobRequest>) => Promise<Job>} */
export const submit = (request) => ask("/jobs", send("POST", request));
/** @type {(id: string) => Promise<Job>} */
export const cancel = (id) => ask(`/jobs/${id}/cancel`, { method: "POST" });
/** @type {(id: string) => Promise<null>} */
export const remove = (id) => ask(`/jobs/${id}`, { method: "DELETE" });
/** @type {(id: string, about: Partial<Pick<Job, "name" | "subject" | "session" | "tags" | "note" | "blind">>) => Promise<Job>} */
export const describe = (id, about) => ask(`/jobs/${id}`, send("PATCH", about));
/** @type {(id: string) => Promise<Report>} */
export const report = (id) => ask(seen(`/jobs/${id}/report`));
/** @type {(id: string) => Promise<Known>} */
export const partial = (id) => ask(seen(`/jobs/${id}/partial`));
/** @type {(id: string) => Promise<{ chinese: Record<string, string> }>} */
export const sentences = (id) => ask(seen(`/jobs/${id}/sentences`));
/** @type {(id: string) => Promise<FrameTable>} */
export const frames = (id) => ask(`/jobs/${id}/frames`);
/** @type {(id: string, number: number, query: Query) => Promise<Reading>} */
export const reading = (id, number, query) => ask(seen(`/jobs/${id}/readings/${number}?${search(query)}`));
/** @type {(id: string, coder: string) => Promise<Annotation>} */
export const annotation = (id, coder) => ask(`/jobs/${id}/annotation?${search({ coder, viewer: coder })}`);
/** @type {(id: string, coder: string) => Promise<Annotation>} */
export const final = (id, viewer) => ask(`/jobs/${id}/annotation?${search({ role: "final", viewer })}`);
/** @type {(id: string, coder: string) => Promise<{ versions: Annotation[] }>} */
export const versions = (id, coder) => ask(`/jobs/${id}/annotation/versions?${search({ coder, viewer: coder })}`);
/** @type {(id: string, version: number, base: number) => Promise<Annotation>} */
export const restore = (id, version, base) => ask(seen(`/jobs/${id}/annotation/versions/${version}/restore`), send("POST", { base_version: base }));
/** @type {(id: string, coder: string, base: number, file: File) => Promise<Annotation>} */
export const importElan = (id, coder, base, file) => ask(`/jobs/${id}/annotation/import?${search({ coder, base_version: base })}`, { method: "POST", body: file });
/** @type {(id: string, viewer: string) => Promise<CoderState[]>} */
export const coders = async (id, viewer) => (await ask(`/jobs/${id}/coders?${search({ viewer })}`)).coders;
/** @type {(id: string, a: string, b: string, viewer: string) => Promise<AgreementFigures>} */
export const agreement = (id, a, b, viewer) => ask(`/jobs/${id}/agreement?${search({ a, b, viewer })}`);
/** @type {(id: string, coder: string) => Promise<{ previous: string | null, next: string | null }>} */
export const neighbours = (id, coder) => ask(`/jobs/${id}/neighbours${coder ? `?${search({ open_for: coder })}` : ""}`);
/** @type {(id: string, person: number, first: number, last: number) => Promise<FaceCourse>} */
export const faces = (id, person, first, last) => ask(seen(`/jobs/${id}/faces?${search({ person, first, last })}`));
/** @type {(id: string, body: NewAnnotation) => Promise<Annotation>} */
export const annotate = (id, body) => ask(`/jobs/${id}/annotation`, send("PUT", body));

/** @type {(who: string, after?: number) => Promise<ReviewState>} */
export const reviewState = (who, after = -1) => ask(`/review/state?${search({ who, after })}`);
/** @type {(place: number, who: string) => Promise<Item>} */
export const reviewItem = (place, who) => ask(`/review/items/${place}?${search({ who })}`);
/** @type {(text: { record: string, who: string, answer: string }) => Promise<{ problems: Finding[] }>} */
export const reviewTyping = (text) => ask("/review/typing", send("PUT", text));
/** @type {(decision: { record: string, who: string, verdict: string, answer: string, note: string }) => Promise<Kept>} */
export const reviewDecide = (decision) => ask("/review/decisions", send("POST", decision));

/** @type {(id: string, index: number) => string} */
export const frameAddress = (id, index) => `${BASE}/jobs/${id}/frames/${index}`;
/** @type {(id: string, name: string) => string} */
export const pictureAddress = (id, name) => seen(`${BASE}/jobs/${id}/pictures/${name}`);
/** @type {(id: string) => string} */
export const thumbnailAddress = (id) => seen(`${BASE}/jobs/${id}/thumbnail`);
/** @type {(id: string, number: number, factor: number) => string} */
export const videoAddress = (id, number, factor) => seen(`${BASE}/jobs/${id}/moments/${number}/video?${search({ factor })}`);
/** @type {(id: string) => string} */
export const soundAddress = (id) => `${BASE}/jobs/${id}/sound`;
/** @type {(record: string) => string} */
export const reviewPicture = (record) => `${BASE}/review/picture?${search({ record })}`;
/** @type {(id: string | null, coder?: string | null) => string} */
export const instructAddress = (id, coder = null) => seen(id ? `${BASE}/jobs/${id}/instruct${coder === null ? "" : `?${search({ coder })}`}` : `${BASE}/instruct`);
/** @type {(kind: string, query: URLSearchParams) => string} */
export const exportAllAddress = (kind, query) => seen(`${BASE}/export/${kind}?${query}`);
/** Nobody named: the final version, else the newest of all. @type {(id: string, kind: string, version: string, coder: string | null) => string} */
export const exportAddress = (id, kind, version, coder) => seen(`${BASE}/jobs/${id}/export/${kind}?${search({ version, ...(coder === null ? {} : { coder }) })}`);

/**
 * Upload a file; `progress(share)` is called along the way, `signal` aborts. Returns {sha256, name, ...}.
 * @param {File} file
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 */
export const upload = (file, progress, signal) => sendFile("/media", file.name, file, progress, signal);

/**
 * Upload the frames of one recording, in the same way.
 * @param {string} name
 * @param {File[]} files
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 */
export function uploadFolder(name, files, progress, signal) {
  const form = new FormData();
  for (const file of files) form.append("frames", file, file.name);
  return sendFile("/folders", name, form, progress, signal);
}

/**
 * @param {string} path
 * @param {string} name
 * @param {File | FormData} body
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<MediaFile>}
 */
function sendFile(path, name, body, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}${path}?name=${encodeURIComponent(name.slice(-200))}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.response);
      else reject(Object.assign(new Error(request.response?.error || `The server answered ${request.status}.`), { status: request.status }));
    });
    request.addEventListener("error", () => reject(new Error("The upload broke off; is `mellm serve` still running?")));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/**
 * Save what is at an address as a file; where the server refuses, its sentence is thrown.
 * @param {string} address
 */
export async function download(address) {
  const answer = await fetch(address).catch(() => { throw new Error(GONE); });
  if (!answer.ok) throw new Error((await answer.json()).error);
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(await answer.blob());
  anchor.download = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))?.[1] ?? "";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}

/**
 * Ask about a clip: `hear(text)` is called with each sentence, then the whole answer comes back.
 * @param {string} id
 * @param {string} text
 * @param {(text: string) => void} hear
 * @returns {Promise<ClipAnswer>}
 */
export async function question(id, text, hear) {
  const answer = await fetch(seen(`${BASE}/jobs/${id}/ask`), send("POST", { question: text, language: null, stream: true })).catch(() => { throw new Error(GONE); });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `The server answered ${answer.status}.`);
  let [left, whole] = ["", /** @type {ClipAnswer | null} */ (null)];
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const events = (left + piece.value.replaceAll("\r", "")).split("\n\n");
    left = events.pop();
    for (const event of events) {
      const data = JSON.parse(/^data: ?(.*)$/m.exec(event)?.[1] ?? "null");
      if (/^event: ?piece$/m.test(event)) hear(data.text);
      if (/^event: ?answer$/m.test(event)) whole = data;
    }
  }
  if (!whole) throw new Error(GONE);
  return whole;
}

/**
 * Follow a job; `tell(job)` is called at every change, until it has ended, and `hear({moment, text})` with every
 * piece a language model writes. Returns a function that stops it.
 * @param {string} id
 * @param {(job: Job) => void} tell
 * @param {Hear} hear
 */
export function follow(id, tell, hear = () => {}) {
  const source = new EventSource(seen(`${BASE}/jobs/${id}/events`));
  source.addEventListener("job", (event) => {
    const now = JSON.parse(event.data);
    if (["done", "failed", "cancelled"].includes(now.state)) source.close();
    tell(now);
  });
  source.addEventListener("reading", (event) => hear(JSON.parse(event.data)));
  source.addEventListener("gone", () => source.close());
  return () => source.close();
}

/**
 * Follow the analysis of a clip until it has ended: its state, everything that was spotted, each moment as it is
 * measured, and what a language model writes.
 * @param {string} id
 * @param {{ job: (job: Job) => void, watched: (known: Known) => void, moment: (me: MicroExpression) => void, reading: (piece: { moment: number, text: string }) => void }} tell
 */
export function followClip(id, tell) {
  const source = new EventSource(seen(`${BASE}/jobs/${id}/events`));
  for (const [name, call] of Object.entries(tell)) source.addEventListener(name, (event) => {
    const data = JSON.parse(event.data);
    if (name === "job" && ["done", "failed", "cancelled"].includes(data.state)) source.close();
    call(data);
  });
  source.addEventListener("gone", () => source.close());
}

/**
 * A job's end; `meanwhile(job)` is told how far it is.
 * @param {string} id
 * @param {Hear} [hear]
 * @param {(job: Job) => void} [meanwhile]
 * @returns {Promise<Job>}
 */
export const ended = (id, hear, meanwhile = () => {}) => new Promise((resolve) => {
  follow(id, (now) => { if (["done", "failed", "cancelled"].includes(now.state)) resolve(now); else meanwhile(now); }, hear);
});
