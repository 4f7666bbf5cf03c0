"""Trains a table of words on pairs: a text and its code come to lie near each other.

A text's vector is the sum of the rows of its different words, brought to length 1. Of a batch of
pairs each text has to find its code among all the others (contrastive loss with negatives in the
batch; van den Oord et al., 2018), and the other way around. Blocks of a batch come from one
package, so that many negatives are about the same subject. Rows begin with which words of texts
and of code go together, with what words mean in general, and by chance; they and a weight for each
word are learned by Adam on the rows that a batch touches. Pairs of packages that are held out say
when to stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, diags

from scripts.static_embedder.embedder import FILE, pieces
from scripts.static_embedder.pairs import Bags, Pairs

SEED = 20
DIMENSION = 256
WORDS_MAX = 60_000
PAIRS_WITH_WORD_MIN = 4
"""A rarer word is cut into pieces."""
BATCH_PAIRS = 1_024
BLOCK_PAIRS = 128
"""Pairs of one package that stand together in a batch."""
FIRST_PAIRS = 80_000
"""Pairs of which the rows begin, and how often their subspace is turned."""
FIRST_TURNS = 2
FIRST_LENGTH = 1.6
"""The length of the first rows, in the mean of squares."""
STEP_SIZE = 3e-3
DROPPED_SHARE = 0.3
"""Words left out of each text by chance, so that no single one decides."""
SCALE_FIRST = 20.0
"""By what cosines are multiplied before they are compared; learned."""
CHECK_STEPS = 100
HELD_OUT_PAIRS = 3_000
DECAYS = (0.9, 0.98)


@dataclass(slots=True)
class Rows:
    """Numbers that are learned by Adam, of which a step touches some rows (Kingma and Ba, 2015).

    The second moment is one number a row.
    """

    values: np.ndarray
    first: np.ndarray = field(init=False)
    second: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.first = np.zeros_like(self.values)
        self.second = np.zeros((len(self.values), 1), np.float32)

    def step(self, touched: np.ndarray, gradient: np.ndarray, step_size: float) -> None:
        b1, b2 = DECAYS
        first = b1 * self.first[touched] + (1 - b1) * gradient
        square = np.mean(gradient * gradient, axis=1, keepdims=True)
        second = b2 * self.second[touched] + (1 - b2) * square
        self.first[touched], self.second[touched] = first, second
        self.values[touched] -= step_size * first / (np.sqrt(second) + 1e-8)


class Table:
    """The table in training: a row and a weight, as its logarithm, for each word."""

    def __init__(self, rows: np.ndarray, rarity: np.ndarray) -> None:
        self.rows = Rows(rows)
        self.weights = Rows(np.log(rarity)[:, None].astype(np.float32))
        self.scale = Rows(np.array([[math.log(SCALE_FIRST)]], np.float32))

    def weighted(self) -> np.ndarray:
        weighted: np.ndarray = self.rows.values * np.exp(self.weights.values)
        return weighted

    def learn(
        self, texts: csr_matrix, code: csr_matrix, same: np.ndarray, step_size: float
    ) -> float:
        """Takes one step and returns the loss; `same` numbers texts, which are equal where it is."""
        touched, columns = np.unique(
            np.concatenate([texts.indices, code.indices]), return_inverse=True
        )
        rows = self.rows.values[touched] * np.exp(self.weights.values[touched])
        split = len(texts.indices)
        bags = [
            csr_matrix((one.data, column, one.indptr), (one.shape[0], len(touched)))
            for one, column in ((texts, columns[:split]), (code, columns[split:]))
        ]
        sums = [bag @ rows for bag in bags]
        lengths = [np.linalg.norm(one, axis=1, keepdims=True) + 1e-6 for one in sums]
        vectors = [one / length for one, length in zip(sums, lengths, strict=True)]
        scale = float(np.exp(self.scale.values[0, 0]))
        cosines = vectors[0] @ vectors[1].T
        loss, slope = contrast(cosines * scale, same)
        self.scale.step(np.array([0]), np.array([[np.sum(slope * cosines) * scale]]), step_size)
        slopes = [scale * (slope @ vectors[1]), scale * (slope.T @ vectors[0])]
        gradient = np.zeros_like(rows)
        for bag, vector, length, one in zip(bags, vectors, lengths, slopes, strict=True):
            along = np.sum(one * vector, axis=1, keepdims=True)
            gradient += bag.T @ ((one - vector * along) / length)
        # By the chain rule, of a product of a row and its weight.
        by_weight = np.sum(gradient * rows, axis=1, keepdims=True)
        by_row = gradient * np.exp(self.weights.values[touched])
        self.rows.step(touched, by_row, step_size)
        self.weights.step(touched, by_weight, step_size)
        return loss


def first_rows(
    texts: csr_matrix,
    code: csr_matrix,
    rarity: np.ndarray,
    meanings: np.ndarray,
    chance: np.random.Generator,
) -> np.ndarray:
    """The rows that a table begins with: the sum of what words share, of `meanings`, and of chance.

    What they share are the largest eigenvectors of how often a word of a text stands with one of
    its code, by subspace iteration (Halko et al., 2011). Of meanings, of shape (words, any), the
    principal components count, as in Model2Vec (Tulkens and van Dongen, 2024), turned by chance as
    the largest of both would fall together. Chance keeps different words apart.
    """
    some = chance.permutation(texts.shape[0])[:FIRST_PAIRS]
    sides = [_by_rarity(side[some], rarity) for side in (texts, code)]
    turned = [side.T.tocsr() for side in sides]
    means = [np.asarray(side.mean(axis=0), np.float32).ravel() for side in sides]
    often = sum(np.asarray(side.power(2).sum(axis=0)).ravel() for side in sides)
    whitened = (1 / np.sqrt(often + np.median(often) + 1e-6)).astype(np.float32)[:, None]

    def together(columns: np.ndarray) -> np.ndarray:
        columns = whitened * columns
        both = turned[0] @ (sides[1] @ columns) + turned[1] @ (sides[0] @ columns)
        chanced = np.outer(means[0], means[1] @ columns) + np.outer(means[1], means[0] @ columns)
        shared: np.ndarray = whitened * (both - len(some) * chanced)
        return shared

    basis = chance.normal(size=(len(rarity), DIMENSION + 16)).astype(np.float32)
    for _ in range(FIRST_TURNS):
        basis, _ = np.linalg.qr(together(basis))
    small = basis.T @ together(basis)
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    largest = np.argsort(-values)[:DIMENSION]
    shared = whitened * (basis @ vectors[:, largest]) * np.sqrt(np.maximum(values[largest], 0.0))
    components = np.linalg.eigh(meanings.T @ meanings)[1][:, -DIMENSION:]
    turn, _ = np.linalg.qr(chance.normal(size=(DIMENSION, DIMENSION)))
    by_chance = chance.normal(size=shared.shape)
    known = _even(_even(shared, rarity) + _even(by_chance, rarity), rarity)
    rows = known + _even(meanings @ components @ turn, rarity)
    first: np.ndarray = (rows * FIRST_LENGTH / _spread(rows)).astype(np.float32)
    return first


def _by_rarity(side: csr_matrix, rarity: np.ndarray) -> csr_matrix:
    """The same texts, each with length 1 and its words weighted by how rare they are."""
    weighted = side.copy()
    weighted.data = rarity[side.indices].astype(np.float32)
    lengths = np.sqrt(np.asarray(weighted.power(2).sum(axis=1)).ravel()) + 1e-6
    return (diags((1 / lengths).astype(np.float32)) @ weighted).tocsr().astype(np.float32)


def _even(rows: np.ndarray, rarity: np.ndarray) -> np.ndarray:
    """The same rows, so long that with the weights of their words they are of length 1 in the mean."""
    even: np.ndarray = rows / _spread(rows * rarity[:, None])
    return even


def _spread(rows: np.ndarray) -> float:
    """The length of a row, in the mean of squares."""
    return float(np.sqrt(np.mean(np.sum(rows * rows, axis=1))))


def contrast(scores: np.ndarray, same: np.ndarray) -> tuple[float, np.ndarray]:
    """The cross entropy of finding the diagonal by rows and by columns, and its slope."""
    count = len(scores)
    scores = np.where((same[:, None] == same[None, :]) & ~np.eye(count, dtype=bool), -1e4, scores)
    slope = np.zeros_like(scores)
    loss = 0.0
    for axis in (0, 1):
        shares = np.exp(scores - scores.max(axis=axis, keepdims=True))
        shares /= shares.sum(axis=axis, keepdims=True)
        loss -= float(np.mean(np.log(np.diagonal(shares) + 1e-12))) / 2
        slope += shares / (2 * count)
    slope[np.diag_indices(count)] -= 1 / count
    return loss, slope


def renumbered(pairs: Pairs) -> tuple[list[str], csr_matrix, csr_matrix, np.ndarray]:
    """The words that get a row, both sides as matrices over these, and how rare each is."""
    counts = np.bincount(pairs.texts.ids, minlength=len(pairs.words))
    counts += np.bincount(pairs.code.ids, minlength=len(pairs.words))
    common = [int(n) for n in np.argsort(-counts, kind="stable")[:WORDS_MAX]]
    words = [
        pairs.words[n]
        for n in common
        if counts[n] >= PAIRS_WITH_WORD_MIN and pairs.words[n].isascii()
    ]
    numbers = {word: number for number, word in enumerate(words)}
    pieces_of = [
        (numbers[word],) if word in numbers else pieces(word, numbers) for word in pairs.words
    ]
    sides = [_matrix(bags, pieces_of, len(words)) for bags in (pairs.texts, pairs.code)]
    having = np.bincount(np.concatenate([side.indices for side in sides]), minlength=len(words))
    rarity = np.maximum(np.log(1 + len(pairs.texts) / (1 + having)), 0.1)
    return words, sides[0], sides[1], rarity


def _matrix(bags: Bags, pieces_of: Sequence[tuple[int, ...]], width: int) -> csr_matrix:
    sizes = np.array([len(one) for one in pieces_of])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    flat = np.array([piece for one in pieces_of for piece in one], np.int32)
    times = sizes[bags.ids]
    begins = np.repeat(starts[bags.ids], times)
    within = np.arange(len(begins)) - np.repeat(np.cumsum(times) - times, times)
    offsets = np.concatenate([[0], np.cumsum(times)])[bags.offsets]
    ids = flat[begins + within]
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, offsets), (len(bags), width))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def batches(groups: np.ndarray, chance: np.random.Generator) -> Iterator[np.ndarray]:
    """One pass over all pairs: batches of blocks, each of one package."""
    order = chance.permutation(len(groups))
    order = order[np.argsort(groups[order], kind="stable")]
    blocks = [order[start : start + BLOCK_PAIRS] for start in range(0, len(order), BLOCK_PAIRS)]
    chance.shuffle(blocks)
    mixed = np.concatenate(blocks)
    for start in range(0, len(mixed) - BATCH_PAIRS + 1, BATCH_PAIRS):
        yield mixed[start : start + BATCH_PAIRS]


def thinned(bags: csr_matrix, chance: np.random.Generator) -> csr_matrix:
    """The same without DROPPED_SHARE of the words, and at least as many as there are texts."""
    kept = bags.copy()
    kept.data *= chance.random(len(kept.data)) >= DROPPED_SHARE
    kept.eliminate_zeros()
    return kept


def reciprocal_rank(table: np.ndarray, texts: csr_matrix, code: csr_matrix) -> float:
    """The mean of 1 / rank of the right code for each text, up to rank 10."""
    sides = [side @ table for side in (texts, code)]
    text, found = (side / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-6) for side in sides)
    cosines = text @ found.T
    ranks = 1 + np.sum(cosines > np.diagonal(cosines)[:, None], axis=1)
    return float(np.mean(np.where(ranks <= 10, 1 / ranks, 0.0)))


def train(
    pairs: Pairs,
    meanings_of: Callable[[Sequence[str]], np.ndarray],
    held_out: Sequence[int],
    seconds: float,
    steps_max: int,
) -> tuple[list[str], np.ndarray]:
    """The words and the best table on the packages `held_out`; stops after so long or so many steps."""
    chance = np.random.default_rng(SEED)
    words, texts, code, rarity = renumbered(pairs)
    _, same = np.unique(_digests(texts), return_inverse=True)
    held = np.isin(pairs.groups, held_out)
    checked = chance.permutation(np.flatnonzero(held))[:HELD_OUT_PAIRS]
    used = np.flatnonzero(~held)
    first = first_rows(texts[used], code[used], rarity, meanings_of(words), chance)
    table = Table(first, rarity)
    best, best_rank = table.weighted(), 0.0
    print(f"{len(used):,} pairs, {len(checked):,} held out, {len(words):,} words", flush=True)
    started, step = time.monotonic(), 0
    while True:
        for batch in batches(pairs.groups[used], chance):
            rows = used[batch]
            done = max((time.monotonic() - started) / seconds, step / steps_max)
            step_size = STEP_SIZE * min(1.0, (step + 1) / 50) * max(0.02, 1.0 - done)
            loss = table.learn(
                thinned(texts[rows], chance), thinned(code[rows], chance), same[rows], step_size
            )
            step += 1
            if step % CHECK_STEPS == 0 or done >= 1.0:
                weighted = table.weighted()
                rank = reciprocal_rank(weighted, texts[checked], code[checked])
                if rank > best_rank:
                    best, best_rank = weighted, rank
                passed = time.monotonic() - started
                print(
                    f"{step} steps, {passed:.0f} s: loss {loss:.3f}, held out {rank:.4f}",
                    flush=True,
                )
            if done >= 1.0:
                return words, best


def _digests(bags: csr_matrix) -> np.ndarray:
    """A number for each text, equal for equal words."""
    numbers = np.random.default_rng(0).integers(1, 2**62, bags.shape[1])
    sums = np.concatenate([[0], np.cumsum(numbers[bags.indices], dtype=np.int64)])
    digests: np.ndarray = sums[bags.indptr[1:]] - sums[bags.indptr[:-1]]
    return digests


def write_table(folder: Path, words: Sequence[str], table: np.ndarray) -> Path:
    """Writes the table with rows of int8."""
    folder.mkdir(parents=True, exist_ok=True)
    scales = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    rows = np.round(table / scales[:, None]).astype(np.int8)
    named = np.frombuffer("\n".join(words).encode("ascii"), np.uint8)
    path = folder / FILE
    np.savez(path, words=named, rows=rows, scales=scales.astype(np.float32))
    return path
