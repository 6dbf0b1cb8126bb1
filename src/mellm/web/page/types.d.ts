// Types of what the page works with. The first part follows the server's models (a test compares the names of
// their fields); the second is the page's own. Read by `tsc` only; never served.

import type { Moment } from "./moments.js";
import type en from "./words-en.js";

export type { Moment };

/** Left, top, width, height. */
export type Box = [number, number, number, number];
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";
export type Shares = Record<string, number>;
/** A name in each language. */
export type Names = Record<string, string>;
export type SideName = "both" | "left" | "right" | "top" | "bottom";

// mellm.report

export interface Interval {
  onset_frame: number;
  apex_frame: number;
  offset_frame: number | null;
  confidence: number;
  origin: "spotted" | "given";
}

export interface RegionReading {
  name: string;
  u_px: number;
  v_px: number;
  mean_px: number;
  octant: string | null;
  moving: boolean;
  box: Box;
  picture_box: Box | null;
}

export interface ActionUnitReading {
  code: string;
  au: number;
  probability: number;
  present: boolean;
  evidence: string[];
}

export interface EmotionReading {
  taxonomy: string;
  label: string | null;
  probabilities: Shares;
  also: Record<string, Shares>;
}

export interface Reading {
  language: string;
  model: string;
  analysis: string;
  reasoning: string;
  conclusion: string;
  agrees_with_facs: boolean;
  unsupported_claims: string[];
  mended: boolean;
  label: string | null;
  probabilities: Shares;
}

export interface MicroExpression {
  number: number | null;
  person: number;
  interval: Interval;
  regions: RegionReading[];
  action_units: ActionUnitReading[];
  emotion: EmotionReading;
  reading: Reading;
  pictures: Record<string, string>;
  /** Motion of full colour in a map, px; reports of earlier versions do not say it. */
  map_scales_px?: Record<string, number>;
  warnings: string[];
}

export interface OtherEvent {
  person: number;
  kind: "macro" | "blink" | "closure" | "speech" | "head";
  onset_frame: number;
  apex_frame: number;
  offset_frame: number;
  onset_time: number;
  offset_time: number;
  note: string;
}

export interface Trace {
  person: number;
  times: number[];
  areas: Record<string, (number | null)[]>;
}

export interface Source {
  width: number;
  height: number;
  fps: number | null;
  duration: number | null;
}

export interface Person {
  person: number;
  box: Box;
}

export interface Provenance {
  settings: Record<string, string | number | boolean | null>;
}

export interface Report {
  source: Source;
  people: Person[];
  micro_expressions: MicroExpression[];
  other_events: OtherEvent[];
  traces: Trace[];
  verdict: string;
  warnings: string[];
  provenance: Provenance;
}

// mellm.web.contract

export interface JobSettings {
  estimator: string;
  compensation: string;
  au_model: string;
  taxonomy: string;
  language: string;
  llm: string;
  route: string;
  max_people: number;
  fps: number | null;
  magnify: number | null;
}

export interface JobRequest {
  media: string | null;
  onset: string | null;
  apex: string | null;
  name: string;
  settings: JobSettings;
  frames: FrameRange | null;
  parent: string | null;
}

export interface Progress {
  stage: string;
  done: number;
  total: number | null;
}

export interface Job {
  id: string;
  state: JobState;
  name: string;
  kind: "clip" | "pair";
  request: JobRequest;
  created: string;
  progress: Progress | null;
  position: number | null;
  error: string | null;
  verdict: string | null;
  emotions: string[];
  annotated: boolean;
  chinese: Record<string, string>;
  subject: string;
  session: string;
  tags: string[];
  note: string;
  blind: "none" | "others" | "program";
  coders: string[];
  waits_for: string | null;
}

export interface JobPage {
  jobs: Job[];
  next: string | null;
}

export interface MediaFile {
  sha256: string;
  name: string;
  bytes: number;
  new: boolean;
}

export interface FrameTable {
  width: number;
  height: number;
  fps: number | null;
  times: number[];
  /** File name of each frame of a folder; else empty. */
  names: string[];
  sound: boolean;
}

/** A moment as soon as it is spotted. */
export interface Spotted {
  number: number;
  person: number;
  onset: number;
  apex: number;
  offset: number | null;
  confidence: number;
}

/** What is known of a clip while it is analysed. */
export interface Partial {
  complete: boolean;
  source: Source | null;
  people: Person[];
  moments: Spotted[];
  micro_expressions: MicroExpression[];
  other_events: OtherEvent[];
  traces: Trace[];
}

export interface Choices {
  estimators: string[];
  compensations: string[];
  taxonomies: Record<string, string[]>;
  languages: string[];
  action_units: Record<string, Names>;
  emotions: Record<string, Names>;
  regions: Record<string, Names>;
  areas: Record<string, string[]>;
  octants: Record<string, string>;
  au_models: string[];
  readers: string[];
  routes: string[];
  settings: JobSettings;
  bounds: Record<string, { min?: number; max?: number }>;
  review: boolean;
}

// mellm.web.annotation

export interface CodedUnit {
  code: string;
  verdict: "agreed" | "changed" | "rejected" | "added";
  was: string | null;
  note: string;
}

export interface CodedEmotion {
  taxonomy: string;
  label: string | null;
}

export interface CodedText {
  analysis: string;
  reasoning: string;
  conclusion: string;
}

export interface CodedMoment {
  key: string | null;
  /** The number people see; an added moment gets one from the server. */
  id: number | null;
  number: number | null;
  person: number;
  verdict: "open" | "agreed" | "changed" | "rejected" | "added";
  frames: FrameRange | null;
  units: CodedUnit[];
  emotion: CodedEmotion | null;
  text: CodedText | null;
  note: string;
  reread: string | null;
  /** The program's interval when this was said, while its analysis still ran. */
  spotted: FrameRange | null;
}

/** A version that a final one was made from. */
export interface Origin {
  coder: string;
  version: number;
}

export interface AnnotationBody {
  coder: string;
  role: "coder" | "final";
  finished: boolean;
  sources: Origin[];
  note: string;
  moments: CodedMoment[];
}

export interface NewAnnotation extends AnnotationBody {
  base_version: number;
  merge: boolean;
}

export interface Annotation extends AnnotationBody {
  version: number;
  created: string | null;
}

/** Who has coded a clip. */
export interface CoderState {
  coder: string;
  role: "coder" | "final";
  version: number;
  created: string | null;
  finished: boolean;
  /** null: hidden from who codes blind. */
  moments: number | null;
}

/** Landmarks, pose and regions of some frames. */
export interface FaceCourse {
  frames: number[];
  points: [x: number, y: number][][];
  lines: [number, number][];
  pose: [yaw: number, pitch: number, roll: number][];
  regions: Record<string, (number | null)[]>;
}

// mellm.web.agreement

/** A moment of one coder and the one of the other that it meets; either may be missing. */
export interface MomentPair {
  a: CodedMoment | null;
  b: CodedMoment | null;
  frames_a: FrameRange | null;
  frames_b: FrameRange | null;
  units_a: string[];
  units_b: string[];
  emotion_a: string | null;
  emotion_b: string | null;
  overlap: number;
  differs: string[];
}

export interface UnitAgreement {
  au: number | null;
  agreed: number;
  codes_a: number;
  codes_b: number;
  reliability: number | null;
}

export interface Agreement {
  moments_a: number;
  moments_b: number;
  matched: number;
  overlap: number | null;
  kappa_frames: number | null;
  kappa_emotions: number | null;
  units: UnitAgreement;
  by_unit: UnitAgreement[];
  phases: Record<"onset" | "apex" | "offset", number | null>;
  pairs: MomentPair[];
}

// mellm.web.routes_review

export interface Finding {
  kind: string;
  detail: string;
}

export interface Decided {
  verdict: "accept" | "edit" | "reject" | "open";
  note: string;
}

export interface ReviewState {
  total: number;
  counts: Record<string, number>;
  next: number | null;
}

export interface Kept {
  decision: Decided;
  counts: Record<string, number>;
}

export interface UnitShown {
  code: string;
  au: number;
  name: string;
  support: string[];
}

export interface Item {
  place: number;
  folder: "queue" | "records";
  record: InstructRecord;
  answer: string;
  unsaved: boolean;
  decision: Decided | null;
  problems: Finding[];
  motion: RegionShown[];
  scale: "px" | "relative";
  picture: boolean;
  units: UnitShown[];
  labels: Record<string, string>;
  dataset: string;
}

// The page's own

/** A record of instruction data: one line of its file. */
export interface InstructRecord {
  id: string;
  task: string;
  route: string;
  language: string;
  messages: { content: string }[];
  provenance: { annotator: string; model: string | null };
}

/** One region's motion in the review room. */
export interface RegionShown {
  name: string;
  mean: number;
  moving: boolean;
  octant: string | null;
}

/** Onset, apex and offset as frame indices; the server's `Frames`. */
export interface FrameRange {
  onset: number;
  apex: number;
  offset?: number | null;
}
export type FramePart = keyof FrameRange;

export type Coded = Omit<CodedMoment, "key" | "number" | "person">;

/** What a person says about one moment. `key` names it on the page and does not change. */
export interface Entry extends CodedMoment {
  key: string;
}

/** Everything a person says about a report; never changed, only replaced. */
export interface Doc {
  note: string;
  /** Handed in: the coder is done with this clip. */
  finished: boolean;
  entries: Record<string, Entry>;
}

/** An interval a person named, as the program measures it. */
export interface Measurement {
  me: MicroExpression | null;
  /** The job that read it, and the number of `me` in its report. */
  job: string | null;
  number: number | null;
  busy: boolean;
  /** How many analyses are before it. */
  waiting: number | null;
  live: string | null;
  error: string | null;
}

/** A unit of the program with the person's word on it; one of them may be null. */
export interface UnitRow {
  program: ActionUnitReading | null;
  coded: CodedUnit | null;
}

/** Two people changed the same moments. */
export interface Clash {
  keys: string[];
  theirs: Doc;
  by: string;
}

/** What the parts of the clip page watch. */
export interface ClipState {
  /** The analysis, as far as it is. */
  job: Job;
  frame: number;
  /** The key of the chosen moment. */
  moment: string | null;
  doc: Doc;
  /** The document as it was saved last. */
  saved: Doc;
  /** The next five only count: a part that watches one is called when it grows. */
  steps: number;
  faces: number;
  measured: number;
  live: number;
  words: number;
  version: number;
  coder: string;
  conflict: Clash | null;
  person: number;
  /** Names of the regions that are pointed at. */
  lit: Set<string> | null;
  overlay: string;
  opacity: number;
  fixed: boolean;
  zoom: string;
  /** How the moment is looked at: "one" frame, "side" by side, "blink", magnified "video". */
  looking: string;
  /** What the player shows of the clip, in words that change with it. */
  view: string;
  /** What the timeline shows, seconds; null: the whole clip. */
  span: [start: number, end: number] | null;
  /** Whether all lanes have one scale. */
  one_scale: boolean;
  taxonomy: string;
  blind: boolean;
  playing: boolean;
}

/** What the parts of the start page watch. */
export interface Intake {
  words: number;
  /** Grows when an analysis gets on. */
  works: number;
  offered: Choices | null;
  /** Pictures that wait to be a pair. */
  pair: File[];
  /** Frames of recordings that wait for their frame rate. */
  folders: Recording[];
  /** Whether nothing was ever analysed here; null: not known yet. */
  empty: boolean | null;
}

/** What the parts of the gallery watch. */
export interface Gallery {
  words: number;
  text: string;
  state: string;
  tag: string;
  subject: string;
  jobs: Job[];
  next: string | null;
  loaded: boolean;
  choices: Choices | null;
  /** The clip whose description is open. */
  editing: string | null;
}

export type Verdict = "accept" | "edit" | "reject" | "open";

/** What the parts of the review room watch. */
export interface ReviewRoom {
  words: number;
  who: string;
  choices: Choices | null;
  item: Item | null;
  total: number;
  counts: Record<string, number>;
  answer: string;
  note: string;
  problems: Finding[];
  /** Whether regions that do not move are listed too. */
  still: boolean;
  /** Whether the server was asked for this reviewer. */
  begun: boolean;
}

/** What a question about a clip is answered with. */
export interface ClipAnswer {
  text: string;
  language: string;
  frames: number[];
  /** Whether the report holds what was asked for. */
  measured: boolean;
}

/** The timeline's ground: what it shows, and where a time or a frame is, px. */
export interface Sheet {
  start: number;
  end: number;
  width: number;
  bottom: number;
  x(time: number): number;
  xOf(frame: number): number;
}

/** A text of the page; where it depends on a count, one for each plural form. */
export type Message = string | { [form in Intl.LDMLPluralRule]?: string };
export type Messages = Record<keyof typeof en, Message>;

/** What can be drawn. */
export type Node = import("preact").ComponentChildren;

/** Names in the reader's language. */
export interface Naming {
  areas: Record<string, string[]>;
  unit(au: number): string;
  region(name: string): string;
  emotion(label: string): string;
  octant(octant: string | null): string;
  subjectSide(side: "left" | "right"): string;
}

/** An affine map of pixels, in the order of CanvasRenderingContext2D.transform. */
export interface Placement {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

/** A file of a folder with its path inside it. */
export interface Found {
  path: string;
  file: File;
}

/** The frames of one recording. */
export interface Recording {
  name: string;
  files: File[];
}

/** An error of the server with its HTTP status. */
export type ServerError = Error & { status?: number, conflict?: { theirs: Annotation } };

export interface Form extends HTMLFormElement {
  readonly elements: any;
}
/** The elements the scripts ask for. */
export interface Elements {
  "#answer": HTMLTextAreaElement;
  "#choices": Form;
  "#drop": HTMLElement;
  "#files": HTMLInputElement;
  "#folder": HTMLInputElement;
  "#language": HTMLButtonElement;
  "#legend": HTMLElement;
  "#look": HTMLButtonElement;
  "#marks": SVGSVGElement;
  "#note": HTMLInputElement;
  "#notice": HTMLElement;
  "#said": HTMLElement;
  "#screen": HTMLCanvasElement;
  "#spoken": HTMLElement;
  "#stage": HTMLElement;
  "#title": HTMLElement;
  "#to-apex": HTMLButtonElement;
  "#who": HTMLInputElement;
  "#work": HTMLElement;
}
