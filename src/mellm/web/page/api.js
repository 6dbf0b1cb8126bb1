// The server's API as functions. Errors are Error objects whose message is the server's sentence.

const BASE = "/api/v1";
const GONE = "The server does not answer; is `mellm serve` still running?";

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(BASE + path, options);
  } catch {
    throw new Error(GONE);
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw Object.assign(new Error(body.error || `The server answered ${answer.status}.`), { status: answer.status });
  return body;
}

const send = (method, body) => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const choices = () => ask("/choices");
export const jobs = (query = {}) => ask(`/jobs?${new URLSearchParams(query)}`);
export const job = (id) => ask(`/jobs/${id}`);
export const submit = (request) => ask("/jobs", send("POST", request));
export const cancel = (id) => ask(`/jobs/${id}/cancel`, { method: "POST" });
export const remove = (id) => ask(`/jobs/${id}`, { method: "DELETE" });
export const report = (id) => ask(`/jobs/${id}/report`);
export const sentences = (id) => ask(`/jobs/${id}/sentences`);
export const frames = (id) => ask(`/jobs/${id}/frames`);
export const reading = (id, number, query) => ask(`/jobs/${id}/readings/${number}?${new URLSearchParams(query)}`);
export const annotation = (id) => ask(`/jobs/${id}/annotation`);
export const annotate = (id, body) => ask(`/jobs/${id}/annotation`, send("PUT", body));

export const reviewState = (who, after = -1) => ask(`/review/state?${new URLSearchParams({ who, after })}`);
export const reviewItem = (place, who) => ask(`/review/items/${place}?${new URLSearchParams({ who })}`);
export const reviewTyping = (text) => ask("/review/typing", send("PUT", text));
export const reviewDecide = (decision) => ask("/review/decisions", send("POST", decision));

export const frameAddress = (id, index) => `${BASE}/jobs/${id}/frames/${index}`;
export const pictureAddress = (id, name) => `${BASE}/jobs/${id}/pictures/${name}`;
export const thumbnailAddress = (id) => `${BASE}/jobs/${id}/thumbnail`;
export const reviewPicture = (record) => `${BASE}/review/picture?${new URLSearchParams({ record })}`;
export const instructAddress = (id) => (id ? `${BASE}/jobs/${id}/instruct` : `${BASE}/instruct`);
export const exportAddress = (id, kind, version) => `${BASE}/jobs/${id}/export/${kind}?version=${version}`;

/** Upload a file; `progress(share)` is called along the way, `signal` aborts. Returns {sha256, name, ...}. */
export const upload = (file, progress, signal) => sendFile("/media", file.name, file, progress, signal);

/** Upload the frames of one recording, in the same way. */
export function uploadFolder(name, files, progress, signal) {
  const form = new FormData();
  for (const file of files) form.append("frames", file, file.name);
  return sendFile("/folders", name, form, progress, signal);
}

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

/** Save what is at an address as a file; where the server refuses, its sentence is thrown. */
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
 * Follow a job; `tell(job)` is called at every change, until it has ended, and `hear({moment, text})` with every
 * piece a language model writes. Returns a function that stops it.
 */
export function follow(id, tell, hear = () => {}) {
  const source = new EventSource(`${BASE}/jobs/${id}/events`);
  source.addEventListener("job", (event) => {
    const now = JSON.parse(event.data);
    if (["done", "failed", "cancelled"].includes(now.state)) source.close();
    tell(now);
  });
  source.addEventListener("reading", (event) => hear(JSON.parse(event.data)));
  source.addEventListener("gone", () => source.close());
  return () => source.close();
}

/** A job's end. */
export const ended = (id, hear) => new Promise((resolve) => {
  follow(id, (now) => { if (["done", "failed", "cancelled"].includes(now.state)) resolve(now); }, hear);
});
