"""The `openai` annotator: a language model behind an OpenAI-compatible endpoint drafts, the truth given.

Keeps to a rate and a budget, and keeps every answer it paid for: a killed build asks nothing twice. Drafts
are checked; the model is told what was wrong and may try again. Knows nothing about HTTP or shards.
"""

import base64
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from mellm.errors import MellmError
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import emotion_name
from mellm.instruct.record_checks import check_record
from mellm.instruct.records import Case, Problem
from mellm.instruct.task_prompts import IMAGE
from mellm.instruct.tasks import Dialogue, Draft, Job, record_of
from mellm.instruct.truth import reasoned_label
from mellm.language.answer import HEADINGS
from mellm.language.backends.http import HttpClient, Server, ServerError
from mellm.language.reading_writer import WORDS
from mellm.wording.languages import OwnLanguage
from mellm.wording.names import AREA_NAMES_EN, AREA_NAMES_ZH, region_name
from mellm.wording.unit_names import au_name

NAME = "openai"
Wire = dict[str, object]
"""A part of a request as the endpoint takes it."""
_NOT_THE_MODELS = frozenset({"leak", "prompt"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where drafts come from, and on what terms.

    url: base of the API, such as `http://127.0.0.1:8000/v1`
    per_minute: most requests per minute (0: no limit); threads: requests under way at a time
    retries: how often a request is repeated after a passing failure; tries: drafts per answer (the later
        ones are told what was wrong with the one before)
    price_in, price_out: per million tokens, in any currency; budget: most to spend (0: no limit)
    pictures: whether the model can see; without, it gets the measurements on the vision route too
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    temperature: float = 0.8
    timeout: float = 120.0
    per_minute: float = 0.0
    threads: int = 4
    retries: int = 5
    tries: int = 2
    price_in: float = 0.0
    price_out: float = 0.0
    budget: float = 0.0
    pictures: bool = True
    pause: float = 1.0


class DraftStore:
    """Every answer paid for, in SQLite: request -> answer, tokens, cost, time; safe for threads."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._lock = threading.Lock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS drafts (request TEXT PRIMARY KEY, model TEXT, answer TEXT,"
            " tokens_in INTEGER, tokens_out INTEGER, cost REAL, at REAL)"
        )

    def get(self, request: str) -> str | None:
        """Return the answer to a request that was made before."""
        with self._lock:
            found = self._base.execute("SELECT answer FROM drafts WHERE request = ?", (request,)).fetchone()
        return str(found[0]) if found else None

    def put(self, request: str, model: str, answer: str, tokens: tuple[int, int], cost: float) -> None:
        """Keep an answer."""
        with self._lock:
            self._base.execute(
                "INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (request, model, answer, *tokens, cost, time.time()),
            )

    def spent(self) -> tuple[int, int, int, float]:
        """Return requests, tokens in, tokens out and cost, all together."""
        with self._lock:
            row = self._base.execute(
                "SELECT count(*), total(tokens_in), total(tokens_out), total(cost) FROM drafts"
            ).fetchone()
        return int(row[0]), int(row[1]), int(row[2]), float(row[3])

    def close(self) -> None:
        """Close the file."""
        self._base.close()


class OpenAIDrafts:
    """The annotator. `root` is the dataset's folder (its pictures, and where answers are kept)."""

    name = NAME

    def __init__(self, endpoint: Endpoint, root: Path) -> None:
        """Open the store of answers. Raises InputError for an address that is none."""
        self._endpoint, self._root = endpoint, root
        self._client = HttpClient(
            Server(
                endpoint.url,
                endpoint.key,
                silence=endpoint.timeout,
                retries=endpoint.retries,
                pause=endpoint.pause,
                per_minute=endpoint.per_minute,
            )
        )
        root.mkdir(parents=True, exist_ok=True)
        self.store = DraftStore(root / "drafts.sqlite")

    def prepare(self, jobs: Iterable[Job]) -> None:
        """Draft many answers at a time, so that `draft` finds them."""
        failed = threading.Event()

        def work(job: Job) -> None:
            # After one failure the others would fail alike: a dead server, or a budget used up.
            if not failed.is_set():
                try:
                    self.draft(job)
                except MellmError:
                    failed.set()
                    raise

        with ThreadPoolExecutor(self._endpoint.threads) as pool:
            for done in [pool.submit(work, job) for job in jobs]:
                done.result()

    def draft(self, job: Job) -> Draft:
        """Return a draft, from the store or from the server.

        A draft that still fails its checks is returned too: people decide on it. Raises MellmError where the
        server does not answer, or the budget is used up.
        """
        messages = self._messages(job)
        dialogue = Dialogue("meu", job.route, job.language)
        text, problems, tries = "", [Problem("format", "no draft")], 0
        while problems and tries < max(1, self._endpoint.tries):
            text = self._ask(messages, tries)
            tries += 1
            record = record_of(job.case, dialogue, job.prompt, text, {"taxonomy": job.taxonomy}, {})
            problems = [p for p in check_record(record, job.case) if p.kind not in _NOT_THE_MODELS]
            wrong = "\n".join(f"- {p.detail}" for p in problems)
            messages = [
                *messages,
                {"role": "assistant", "content": text},
                {
                    "role": "user",
                    "content": f"Not true or not in form:\n{wrong}\nWrite the whole answer again.",
                },
            ]
        return Draft(text, {"annotator": NAME, "model": self._endpoint.model, "tries": tries})

    def _messages(self, job: Job) -> list[Wire]:
        case, language = job.case, job.language
        areas = ", ".join((AREA_NAMES_ZH if language == "zh" else AREA_NAMES_EN).values())
        label = reasoned_label(case.truth, job.taxonomy)
        analysis, reasoning, conclusion = HEADINGS[language]
        file = resources.files("mellm.instruct") / "templates" / f"annotate_{language}.txt"
        system = Template(file.read_text("utf-8")).substitute(
            analysis=analysis,
            reasoning=reasoning,
            conclusion=conclusion,
            areas=areas,
            verdict=_verdict(case, language, label),
        )
        text = job.prompt.replace(IMAGE, "").strip() + "\n\n" + facts(case, language, label)
        shown: str | list[Wire] = text
        if job.route == "vision" and case.picture and self._endpoint.pictures:
            data = base64.b64encode((self._root / case.picture).read_bytes()).decode()
            shown = [
                {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}},
                {"type": "text", "text": text},
            ]
        return [{"role": "system", "content": system}, {"role": "user", "content": shown}]

    def _ask(self, messages: list[Wire], attempt: int) -> str:
        end = self._endpoint
        body: Wire = {"model": end.model, "messages": messages, "temperature": end.temperature}
        request = hashlib.sha256(json.dumps([body, attempt], sort_keys=True).encode()).hexdigest()
        if (known := self.store.get(request)) is not None:
            return known
        if end.budget and self.store.spent()[3] >= end.budget:
            raise MellmError(
                f"The budget of {end.budget:g} is used up; what was drafted is kept, so "
                "raise it and build again."
            )
        reply = self._post(body)
        try:
            text = str(reply["choices"][0]["message"]["content"]).strip()
        except (KeyError, IndexError, TypeError) as error:
            raise MellmError(f"The server at {end.url} answered in a form that is not OpenAI's.") from error
        usage = reply.get("usage") or {}
        tokens = (int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        cost = (tokens[0] * end.price_in + tokens[1] * end.price_out) / 1e6
        self.store.put(request, end.model, text, tokens, cost)
        return text

    def _post(self, body: Wire) -> Any:
        try:
            return self._client.json("chat/completions", body)
        except ServerError as error:
            raise MellmError(
                f"{error} What was drafted is kept, so build again when that is put right."
            ) from error


def facts(case: Case, language: OwnLanguage, label: str | None) -> str:
    """Return what the annotator is told beside the prompt: what moves, the labels, what bears them out."""
    zh = language == "zh"
    lines = ["真实信息（不要引用这一段）：" if zh else "The truth (do not quote this part):"]
    for m in case.motion:
        if m.moving:
            size = f"{m.mean:.2f} {'px' if case.scale == 'px' else 'x'}"
            lines.append(
                f"- {region_name(m.name, language)}: u {m.u:+.2f}, v {m.v:+.2f} (v down), {size}, {m.octant}"
            )
    still = "、".join if zh else ", ".join
    lines.append(
        ("静止：" if zh else "still: ")
        + still(region_name(m.name, language) for m in case.motion if not m.moving)
    )
    for unit in case.truth.units:
        regions = [region_name(name, language) for name in supporting_regions(unit, case.motion)]
        told = still(regions) if regions else ("运动没有显示" if zh else "not shown by the motion")
        lines.append(f"- AU {unit.code} ({au_name(unit.au, language)}): {told}")
    nothing = "没有发现微表情的证据" if zh else "no evidence of a micro-expression"
    lines.append(("标签：" if zh else "label: ") + (emotion_name(label, language) if label else nothing))
    return "\n".join(lines)


def _verdict(case: Case, language: OwnLanguage, label: str | None) -> str:
    codes = " + ".join(case.truth.action_units or ())
    if label is None:
        return WORDS[language].unread(codes)
    name, units = emotion_name(label, language), f"AU {codes}" if codes else ""
    return f"{units}。提示{name}。" if language == "zh" else f"{units}. This suggests {name}."
