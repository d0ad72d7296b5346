"""The weights of graph_filter, and the low-rank part of ease, from all
eigenvectors of the graph (numpy's eigh), or from
as many multiplications of the same random vectors.

    /usr/bin/python3 graph_filter.py FACTS WEIGHTS OPTIONS [WITHOUT]

FACTS: user, item, weight; WEIGHTS: item, neighbor, score, of a model with
OPTIONS. WITHOUT: all those of ease without the low-rank part. Prints the
largest difference in parts of the largest weight; of a weight that is not kept,
what it has more than the smallest of the kept ones. Vectors are compared where
the eigenvalues have a gap: there the projection upon them is what it is,
whatever the algorithm.
"""
import json
import sys

import numpy as np


def matrix(path, n, m):
    out = np.zeros((n, m))
    i, j, x = np.atleast_2d(np.loadtxt(path, delimiter=",")).T
    out[i.astype(int), j.astype(int)] = x
    return out


def start(n, width):
    """The random vectors that multiplications begin with."""
    with np.errstate(over="ignore"):
        z = np.arange(1, n * width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)) / 2.0 ** 23 - 1).reshape(n, width)


def eigen(a, rank, power):
    """Values and vectors, descending; with a power those of a rough subspace."""
    n = len(a)
    width = (rank + 31) // 32 * 32
    if power == 0 or width >= n:
        value, vector = np.linalg.eigh(a)
        return value[::-1], vector[:, ::-1]
    q = start(n, width)
    for _ in range(power):
        q = np.linalg.qr(a @ q)[0]
    value, turn = np.linalg.eigh(q.T @ a @ q)
    return value[::-1], q @ turn[:, ::-1]


def main():
    facts, weights, options = sys.argv[1:4]
    o = json.loads(options)
    u, i, w = np.atleast_2d(np.loadtxt(facts, delimiter=",")).T
    n = int(i.max()) + 1
    x = np.zeros((int(u.max()) + 1, n))
    x[u.astype(int), i.astype(int)] = np.log1p(w) if o.get("weights") == "log" else 1
    rows, items = x.any(1), x.any(0)
    x = x[rows][:, items]
    d = x.sum(0)
    s = x * (x.sum(1) ** (-o.get("user_exponent", 1) / 2))[:, None] / np.sqrt(d)
    value, vector = eigen(s.T @ s, o["rank"], o["power_iterations"])
    m = np.clip(value / value[0], 0, 1)
    power = o.get("eigenvalue_exponent", 0.5)
    chosen = slice(o.get("skip", 0), min(o["rank"], int((m > 1e-6).sum())))
    flatness = o.get("flatness", 2)
    step = np.abs(2 * m - 1) ** flatness / 2
    f = {"power": m ** power,
         "heat": np.exp((m - 1) / flatness),
         "plateau": np.where(m < 0.5, 0.5 - step, 0.5 + step)}[o.get("filter", "power")]
    v = vector[:, chosen]
    low = (v * f[chosen]) @ v.T * (d[None, :] / d[:, None]) ** o["rank_exponent"]
    want = o["rank_weight"] * low
    if len(sys.argv) > 4:
        want += matrix(sys.argv[4], n, n)[np.ix_(items, items)]
    else:
        want += o.get("graph_weight", 1) * (s.T @ s) / value[0]
    np.fill_diagonal(want, 0)
    got = matrix(weights, n, n)[np.ix_(items, items)]
    kept = got != 0
    least = np.where(kept, np.abs(got), np.inf).min(1)
    least[kept.sum(1) < o["neighbors"]] = 0
    more = np.where(kept, np.abs(got - want), np.abs(want) - least[:, None])
    print("%.1e" % (more.max() / np.abs(want).max()))


main()
