"""What the bench of ratings measures als against: the same steps in numpy.

Reads user,item,rating from a CSV file, trains without holding anything out and
prints CPU seconds (reading not counted) and the RMSE. Single precision, one
matrix product and one Cholesky solution a row: the fastest of the forms that
were tried.

usage: ratings_numpy.py RATINGS.csv FACTORS ITERATIONS
"""
import sys
import time

import numpy as np
from scipy.linalg.lapack import sposv


def half_step(own, other, ends, cols, ratings, regularization, bias_regularization):
    width = own.shape[1]
    diagonal = np.arange(width)
    for row in range(len(own)):
        begin, end = ends[row], ends[row + 1]
        if begin == end:
            continue
        f = other[cols[begin:end]]
        target = ratings[begin:end] - f[:, 0]
        f[:, 0] = 1
        a = f.T @ f
        a[diagonal[1:], diagonal[1:]] += regularization * np.sqrt(end - begin)
        a[0, 0] += bias_regularization
        own[row] = sposv(a, f.T @ target)[1]


def orient(rows, cols, ratings, n):
    order = np.lexsort((cols, rows))
    ends = np.searchsorted(rows[order], np.arange(n + 1))
    return ends, cols[order], ratings[order]


def main():
    path, factors, iterations = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    data = np.loadtxt(path, delimiter=",")
    start = time.process_time()
    u = data[:, 0].astype(np.int32)
    i = data[:, 1].astype(np.int32)
    mean, deviation = data[:, 2].mean(), data[:, 2].std()
    r = ((data[:, 2] - mean) / deviation).astype(np.float32)
    x = np.zeros((u.max() + 1, factors + 1), dtype=np.float32)
    y = np.zeros((i.max() + 1, factors + 1), dtype=np.float32)
    x[:, 1:] = np.random.default_rng(1).uniform(-0.52, 0.52, (len(x), factors))
    by_user = orient(u, i, r, len(x))
    by_item = orient(i, u, r, len(y))
    for _ in range(iterations):
        half_step(y, x, *by_item, 1, 5)
        half_step(x, y, *by_user, 1, 5)
    squares = 0
    for from_ in range(0, len(r), 100000):
        a, b = u[from_:from_ + 100000], i[from_:from_ + 100000]
        error = r[from_:from_ + 100000] - x[a, 0] - y[b, 0] - np.einsum(
            "nk,nk->n", x[a, 1:], y[b, 1:])
        squares += (error.astype(float) ** 2).sum()
    print(round(time.process_time() - start, 2),
          round(deviation * np.sqrt(squares / len(r)), 4))


main()
