"""Implicit ALS by numpy, as one would write it: the Gram matrix once for a
half-step, then one solution of f equations for every user and every item. Prints
the seconds of CPU of an iteration (the second, of two) and the loss after it.

	ials_numpy.py train.csv.xz FACTORS
"""
import lzma
import sys
import time

import numpy as np

UNOBSERVED, REGULARIZATION = 0.02, 0.005
with lzma.open(sys.argv[1]) as f:
    rows = np.loadtxt(f, np.int64, delimiter=",", skiprows=1)
factors = int(sys.argv[2])
users, items = rows.max(0) + 1
random = np.random.default_rng(1)


def lists(of, by, n):
    order = np.argsort(by, kind="stable")
    return np.split(of[order], np.searchsorted(by[order], np.arange(1, n)))


sides = [(lists(rows[:, 1], rows[:, 0], users), items),
         (lists(rows[:, 0], rows[:, 1], items), users)]
f = [(random.standard_normal((n, factors)) * 0.1 / factors**0.5)
     .astype(np.float32) for n in (users, items)]


def ridges(side):
    return REGULARIZATION * (np.array([len(c) for c in sides[side][0]])
                             + UNOBSERVED * sides[side][1])


def half_step(side):
    y = f[1 - side]
    gram = UNOBSERVED * (y.T @ y)
    unit = np.eye(factors, dtype=np.float32)
    for i, (no, r) in enumerate(zip(sides[side][0], ridges(side))):
        mine = y[no]
        f[side][i] = np.linalg.solve(gram + np.float32(r) * unit + mine.T @ mine,
                                     mine.sum(0))


for iteration in range(2):
    start = time.process_time()
    half_step(1)
    half_step(0)
    seconds = time.process_time() - start
x, y = f
loss = UNOBSERVED * np.einsum("ij,ij", x.T @ x, y.T @ y)
loss += ((1 - np.einsum("ij,ij->i", x[rows[:, 0]], y[rows[:, 1]])) ** 2).sum()
for side in (0, 1):
    loss += (ridges(side) * (f[side] ** 2).sum(1)).sum()
print(round(seconds, 2), round(float(loss)))
