"""Into how many lists a segment's local features are sorted, by which centroids, and how searched.

A segment never changes and is merged as it grows; each merge trains centroids anew on what it then
holds, so that no inverted file ever outgrows its quantizer.
"""

import math
from typing import Any

import numpy as np

from reference_index.fingerprint import DESCRIPTOR_SCALE, DESCRIPTOR_SIZE, Descriptors
from reference_index.local_features import decode
from reference_index.local_lists import Features, codes_of
from reference_index.vectors import Codes, Ids
from reference_index.vectors.threads import calling_thread_only

ONE_LIST_TO = 4096
FEATURES_PER_LIST = 512
SHORT_LISTS_TO = 2048
"""Up to so many lists they are four times shorter, since finding the nearest of few is cheap."""
POINTS_PER_CENTROID = 40
ITERATIONS = 10
ONE_LEVEL_TO = 1024
FLAT_BELOW = 4096
CELLS_PROBED = 8
PROBES = 4
"""Lists searched for a descriptor: with 4, 8 and 16 the same copies were found among 400
photographs, paintings and cartoons with the same scores, since a copy needs few of its features to
be voted for, and all of them are compared afterwards.
"""
SEED = 1
DECODED_AT_ONCE = 1 << 16


def list_count(features: int) -> int:
    """Return the number of lists for so many features: 1 for few, else a power of two."""
    if features <= ONE_LIST_TO:
        return 1
    short = min(4 * features / FEATURES_PER_LIST, SHORT_LISTS_TO)
    return 1 << round(math.log2(max(features / FEATURES_PER_LIST, short)))


def probes(lists: int) -> int:
    """Return how many lists are searched for a descriptor."""
    return min(lists, PROBES)


def coarse_quantizer(centroids: Descriptors) -> Any:
    """Return the FAISS index that finds the nearest of centroids, uint8 (lists, 128)."""
    import faiss

    points = centroids.astype(np.float32) / DESCRIPTOR_SCALE
    if len(centroids) < FLAT_BELOW:
        flat = faiss.IndexFlatL2(DESCRIPTOR_SIZE)
        flat.add(points)
        return flat
    # Trained anew at each opening, in 0.2 s for 65,536; a graph took 4 s.
    inverted: Any = faiss.index_factory(DESCRIPTOR_SIZE, f"IVF{_root(len(centroids))},Flat")
    inverted.cp.niter, inverted.cp.max_points_per_centroid = 4, POINTS_PER_CENTROID
    inverted.cp.min_points_per_centroid = 1
    inverted.nprobe = min(CELLS_PROBED, inverted.nlist)
    with calling_thread_only():
        inverted.train(points)
        inverted.add(points)
    return inverted


def train_centroids(features: Features, lists: int) -> Descriptors:
    """Return centroids of the descriptors of features, always the same: uint8 (lists, 128).

    Many are trained in two levels, about the root of their number and then within each cell, so
    that neither time nor memory grows with the square.
    """
    if lists == 1:
        return np.zeros((1, DESCRIPTOR_SIZE), np.uint8)
    sample = _sample(len(features), lists * POINTS_PER_CENTROID)
    codes = codes_of(features[sample])
    if lists <= ONE_LEVEL_TO:
        return _kmeans(codes, lists)
    cells = _kmeans(codes[_sample(len(codes), ONE_LEVEL_TO * POINTS_PER_CENTROID)], _root(lists))
    quantizer = coarse_quantizer(cells)
    cell_of = assign(quantizer, codes)
    shares = _shares(np.bincount(cell_of, minlength=len(cells)), lists)
    order = np.argsort(cell_of, kind="stable")
    bounds = np.searchsorted(cell_of[order], np.arange(len(cells) + 1))
    parts = [
        _kmeans(codes[order[bounds[cell] : bounds[cell + 1]]], int(share))
        for cell, share in enumerate(shares)
        if share
    ]
    return np.concatenate(parts)


def assign(quantizer: Any, codes: Codes) -> Ids:
    """Return the list of each code: int64 (n,)."""
    lists = np.empty(len(codes), np.int64)
    for start in range(0, len(codes), DECODED_AT_ONCE):
        part = slice(start, start + DECODED_AT_ONCE)
        lists[part] = quantizer.assign(decode(codes[part]), 1).reshape(-1)
    return lists


def _kmeans(codes: Codes, count: int) -> Descriptors:
    import faiss

    kmeans = faiss.Kmeans(
        DESCRIPTOR_SIZE,
        count,
        niter=ITERATIONS,
        seed=SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=2 * POINTS_PER_CENTROID,
    )
    kmeans.train(decode(codes))
    scaled = np.rint(np.asarray(kmeans.centroids, np.float32) * DESCRIPTOR_SCALE)
    centroids: Descriptors = scaled.clip(0, 255).astype(np.uint8)
    return centroids


def _root(lists: int) -> int:
    return 1 << (lists.bit_length() // 2)


def _sample(total: int, count: int) -> Ids:
    """Return so many of the numbers below total, ascending; all where there are fewer."""
    if total <= count:
        return np.arange(total)
    # One of each of equal stretches: no table of the total's size is made.
    edges = np.linspace(0, total, count + 1)
    within = np.random.default_rng(SEED).random(count) * (total / count)
    return (edges[:-1] + within).astype(np.int64)


def _shares(points: Ids, lists: int) -> Ids:
    """Return the lists each cell gets, in proportion to its points, by largest remainder."""
    exact = points * (lists / points.sum())
    shares: Ids = np.floor(exact).astype(np.int64)
    left = lists - int(shares.sum())
    shares[np.argsort(shares - exact, kind="stable")[:left]] += 1
    return shares
