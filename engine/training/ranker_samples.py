"""What the ranker learns from: questions on generated and on hand-made pages as features, kept on disk if asked to."""

from __future__ import annotations

import hashlib
import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from engine.readers.embedded.candidates import Candidate
from engine.readers.embedded.features import Fit, fit
from engine.readers.embedded.index import Floats, PageIndex, build_index
from engine.readers.embedded.question import Shape, parse
from engine.training.grid_pages import Asked, line_at, read_page
from engine.training.synth import SyntheticQuestion, make_document
from engine.training.synth.noise import disturb

RIGHT = 0.8
"""The least similarity to a known answer at which a candidate counts as right."""

_LIKELY, _OTHERS = 60, 25
_FOREIGN_QUESTIONS, _SCANNED, _NOISE = 3, 0.6, (0.2, 0.7)
_COMMON_FIELDS = frozenset(
    ("date", "company", "title", "address", "total", "phone", "time", "email", "to", "from", "author")
)
"""Fields that most pages have: another page's question for one is answered here too, only differently."""

_PLAIN_SHAPES = (Shape.VALUE,)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question on one page: features (K, F), how good each candidate is (K,), and whether any answer exists."""

    fit: Fit
    gain: Floats
    present: bool
    texts: tuple[str, ...]
    family: str

    @property
    def learnable(self) -> bool:
        """Whether its right answer is among the candidates, or rightly nothing."""
        return not self.present or bool(self.gain.max() > 0)


def similarity(given: str, golds: Sequence[str]) -> float:
    """The best normalised Levenshtein similarity to any gold answer, 0–1."""
    plain = " ".join(given.lower().split())
    return max((Levenshtein.normalized_similarity(plain, " ".join(g.lower().split())) for g in golds), default=0.0)


def samples(seed: int, count: int, families: Sequence[str]) -> Iterator[Sample]:
    """Questions of `count` generated documents, the families in turn; special shapes are left out."""
    for number in range(count):
        family = families[number % len(families)]
        document = make_document(seed, number, family)
        indices: dict[int, PageIndex] = {}
        for question in document.questions:
            parsed = parse(question.question)
            if parsed.shape not in _PLAIN_SHAPES:
                continue
            page = question.page if question.present else random.Random(number).randrange(len(document.pages))
            index = indices.get(page) or indices.setdefault(page, build_index(document.pages[page]))
            if index.candidates:
                yield _thinned(_sample(question, index, fit(parsed, index), family), random.Random(number))


def page_samples(folder: Path, seed: int) -> Iterator[Sample]:
    """Questions of the hand-made pages in `folder`, most pages as a scan is read and the others as they are, and about
    each page a few questions of other pages that it does not answer."""
    pages = [(path.stem, *read_page(path)) for path in sorted(folder.glob("*.txt"))]
    rng = random.Random(seed)
    for name, words, asked in pages:
        own = {parse(item.question).field for item in asked if item.golds}
        others = [item for other, _, theirs in pages if other != name for item in theirs if item.golds]
        rng.shuffle(others)
        text = " ".join(word.text for word in words.words).casefold()
        foreign = (Asked(item.question, ()) for item in others if _is_foreign(item, own, text))
        unanswered = list(islice(foreign, _FOREIGN_QUESTIONS))
        mine = [item for item in asked if parse(item.question).shape in _PLAIN_SHAPES]
        index = build_index(disturb(words, rng, rng.uniform(*_NOISE)) if rng.random() < _SCANNED else words)
        for item in (*mine, *unanswered):
            yield _thinned(_asked_sample(item, index, name), rng)


def kept(folder: Path | None, name: str, make: Callable[[], Iterator[Sample]]) -> list[Sample]:
    """What `make` gives, from `folder` if it was made there before by the same code; None keeps nothing."""
    if folder is None:
        return list(make())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{_code_hash()}.pickle"
    if not path.exists():
        path.write_bytes(pickle.dumps(list(make()), protocol=5))
    found: list[Sample] = pickle.loads(path.read_bytes())
    return found


def _code_hash() -> str:
    """A hash of everything that samples are made from."""
    engine = Path(__file__).parents[1]
    root = engine.parent
    digest = hashlib.sha256()
    for folder, pattern in (
        (engine / "readers" / "embedded", "*.py"),
        (engine / "training", "grid_pages.py"),
        (engine / "training", "ranker_samples.py"),
        (engine / "training" / "synth", "**/*.t*"),
        *((engine / "training" / "synth", name) for name in _WRITERS),
        (engine / "training" / "synth" / "families", "*.py"),
        (root / "resources" / "models", "embedded_*.t*"),
        (root / "tests" / "unit" / "embedded_pages", "**/*.txt"),
    ):
        for path in sorted(folder.glob(pattern)):
            if path.name not in _NOT_OF_SAMPLES:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


_NOT_OF_SAMPLES = frozenset(("answering.py", "calibrate.py", "rank.py", "reader.py", "rivals.py"))
_WRITERS = ("[b-c]*.py", "fields.py", "generate.py", "layout.py", "m*.py", "no*.py", "p*.py", "q*.py", "s*.py", "v*.py")
"""The modules of the generator that say what a page holds; those that draw it do not matter here."""


def _thinned(sample: Sample, rng: random.Random) -> Sample:
    """The sample with its right candidates, those that fit best at first sight, and some of the others."""
    names = sample.fit.names
    sight = sum(sample.fit.values[:, names.index(name)] for name in ("label_best", "cover_all", "rule", "cover_near"))
    order = np.lexsort((-np.asarray(sight), -(sample.gain > 0).astype(float)))
    others = rng.sample(list(order[_LIKELY:]), min(_OTHERS, max(len(order) - _LIKELY, 0)))
    chosen = np.sort(np.concatenate((order[:_LIKELY], np.asarray(others, dtype=np.int64))))
    values: Floats = sample.fit.values[chosen].astype(np.float32).astype(np.float64)
    nothing = replace(sample.fit.match, units=np.zeros((0, 0)), said=np.zeros((0, 0)))
    fitted = Fit(names, values, nothing, np.zeros((0, 0)))
    return Sample(fitted, sample.gain[chosen], sample.present, tuple(sample.texts[n] for n in chosen), sample.family)


def _sample(question: SyntheticQuestion, index: PageIndex, fitted: Fit, family: str) -> Sample:
    texts = tuple(candidate.text for candidate in index.candidates)
    gain = np.zeros(len(texts))
    if question.present:
        for number, candidate in enumerate(index.candidates):
            if _at_gold(question, index, number):
                gain[number] = _gain(similarity(candidate.text, question.answers))
    return Sample(fitted, gain, question.present, texts, family)


def _gain(alike: float) -> float:
    return (alike - RIGHT) / (1 - RIGHT) * 0.95 + 0.05 if alike >= RIGHT else 0.0


def _at_gold(question: SyntheticQuestion, index: PageIndex, number: int) -> bool:
    box = question.answer_box
    if box is None:
        return True
    words = [index.words.words[index.layout.tokens[t].word].box for t in index.candidates[number].tokens]
    return any(word.overlap_share(box) > 0.3 or box.contains(word.center) for word in words)


def _is_foreign(item: Asked, own: set[str], text: str) -> bool:
    """Whether another page's question has no answer here: its field is not asked here, its answers are not printed."""
    parsed = parse(item.question)
    common = parsed.field in _COMMON_FIELDS or (bool(parsed.field) and parsed.field in own)
    return parsed.shape in _PLAIN_SHAPES and not common and not any(gold.casefold() in text for gold in item.golds)


def _asked_sample(item: Asked, index: PageIndex, name: str) -> Sample:
    texts = tuple(candidate.text for candidate in index.candidates)
    gain = np.asarray([_gain(similarity(text, item.golds)) for text in texts])
    if item.lines:
        gain *= [_on(item.lines, index, candidate) for candidate in index.candidates]
    return Sample(fit(parse(item.question), index), gain, bool(item.golds), texts, name)


def _on(lines: Sequence[int], index: PageIndex, candidate: Candidate) -> bool:
    return any(line_at(index.words.words[index.layout.tokens[t].word].box.center.y) in lines for t in candidate.tokens)
