"""The loss of ials after every half-step, by numpy in double.

Reads a JSON object from standard input: options (all of them), entries as
[user, item, summed weight] with numbers from 0, and pairs of a user and an item.
Writes {"half_step_loss": [...], "scores": [...]}: the scores of the pairs by the
last vectors.

Nothing is taken from the implementation but the problem, the random start and
the order of updates: the equations are those of the paper, unscaled and with the
full Gram matrix, and conjugate gradients are preconditioned by P explicitly.
"""
import json
import sys

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(z):
    with np.errstate(over="ignore"):
        z = np.asarray(z, np.uint64) + GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def start(seed, users, factors):
    key = mix(np.uint64(seed & 0xFFFFFFFFFFFFFFFF))
    row = mix(key ^ np.arange(users, dtype=np.uint64))[:, None]
    with np.errstate(over="ignore"):
        bits = mix(row + np.arange(factors, dtype=np.uint64)) >> np.uint64(40)
    return (bits / 2.0**24 - 0.5) * 0.1 * np.sqrt(12 / factors)


def rows_of(side, n):
    """For each row: the other side's numbers, and weights."""
    rows = []
    for i in range(n):
        mine = side[side[:, 0] == i]
        rows.append((mine[:, 1].astype(int), mine[:, 2]))
    return rows


class Model:
    def __init__(self, options, entries):
        self.o = options
        self.n = [int(entries[:, 0].max()) + 1, int(entries[:, 1].max()) + 1]
        weight = {"linear": entries[:, 2], "log": np.log2(1 + entries[:, 2]),
                  "binary": np.ones(len(entries))}[options["confidence"]]
        entries = entries.copy()
        entries[:, 2] = options["alpha"] * weight
        self.rows = [rows_of(entries, self.n[0]),
                     rows_of(entries[:, [1, 0, 2]], self.n[1])]
        self.ridge = [np.array([self.ridge_of(len(c), self.n[1 - s])
                                for c, _ in self.rows[s]]) for s in (0, 1)]
        self.f = [start(options["seed"], self.n[0], options["factors"]),
                  np.zeros((self.n[1], options["factors"]))]

    def ridge_of(self, n, others):
        o = self.o
        return o["regularization"] * (n + o["unobserved_weight"] * others) \
            ** o["regularization_exponent"]

    def loss(self):
        x, y = self.f
        total = self.o["unobserved_weight"] * ((x @ y.T) ** 2).sum()
        for u, (items, c) in enumerate(self.rows[0]):
            total += (c * (1 - y[items] @ x[u]) ** 2).sum()
        for s in (0, 1):
            total += (self.ridge[s] * (self.f[s] ** 2).sum(1)).sum()
        return total

    def gradients(self, a, b, p, x):
        """Conjugate gradients for a x = b, preconditioned by p."""
        r = b - a @ x
        z = np.linalg.solve(p, r)
        d = z
        for _ in range(self.o["cg_steps"]):
            step = r @ z / (d @ a @ d)
            before = r @ z
            x = x + step * d
            r = r - step * (a @ d)
            z = np.linalg.solve(p, r)
            d = z + r @ z / before * d
        return x

    def blocks(self, a, b, x):
        size = min(-(-self.o["block_size"] // 16) * 16,
                   -(-self.o["factors"] // 16) * 16)
        x = x.copy()
        for k in range(0, len(x), size):
            k = slice(k, k + size)
            x[k] += np.linalg.solve(a[k, k], (b - a @ x)[k])
        return x

    def half_step(self, s, exact):
        o = self.o
        y = self.f[1 - s]
        if o["solver"] == "block_coordinate":
            # blocks are of the axes of the Gram matrix, the longest first
            axes = np.linalg.eigh(y.T @ y)[1][:, ::-1]
            y = self.f[1 - s] = y @ axes
            self.f[s] = self.f[s] @ axes
        gram = o["unobserved_weight"] * (y.T @ y)
        for i, (no, c) in enumerate(self.rows[s]):
            p = gram + self.ridge[s][i] * np.eye(len(gram))
            a = p + (y[no].T * c) @ y[no]
            b = y[no].T @ c
            few = len(no) <= min(6 * (o["cg_steps"] + 1),
                                 -(-o["factors"] // 16) * 16)
            if exact or o["solver"] == "cholesky" or \
                    (o["solver"] == "cg" and few):
                self.f[s][i] = np.linalg.solve(a, b)
            elif o["solver"] == "cg":
                self.f[s][i] = self.gradients(a, b, p, self.f[s][i])
            else:
                self.f[s][i] = self.blocks(a, b, self.f[s][i])


def main():
    job = json.load(sys.stdin)
    model = Model(job["options"], np.array(job["entries"], float))
    losses = []
    for i in range(job["options"]["iterations"]):
        model.half_step(1, False)
        losses.append(model.loss())
        model.half_step(0, i == job["options"]["iterations"] - 1)
        losses.append(model.loss())
    scores = [float(model.f[0][u] @ model.f[1][i]) for u, i in job["pairs"]]
    json.dump({"half_step_loss": losses, "scores": scores}, sys.stdout)


main()
