"""What dense ease is measured against: the same mathematics by numpy.

Rows out of the database by COPY, the product by scipy, numpy's inverse, the
weights farthest from 0 of each row, back into a table by COPY. Prints seconds of
CPU (without the server's share of COPY), elapsed, and of the mathematics alone.

usage: ease_numpy.py float32|float64 REGULARIZATION K
"""
import io
import os
import resource
import subprocess
import sys
import time

import numpy as np
import scipy.sparse as sp


def cpu():
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (own.ru_utime + own.ru_stime + children.ru_utime
            + children.ru_stime)


def psql(sql, given=None):
    return subprocess.run(["psql", "-XAtq", "-c", sql], input=given,
                          stdout=subprocess.PIPE, check=True).stdout


def main():
    real, ridge, k = np.dtype(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    np.linalg.inv(np.eye(600, dtype=real))      # its threads are there
    start, began = cpu(), time.time()
    text = psql("COPY bench.movies TO STDOUT")
    pairs = np.fromstring(text, dtype=np.int64, sep="\t").reshape(-1, 2)

    math, math_began = cpu(), time.time()
    x = sp.csr_matrix((np.ones(len(pairs), real), (pairs[:, 0], pairs[:, 1])))
    g = (x.T @ x).toarray()
    g[np.diag_indices_from(g)] += real.type(ridge)
    p = np.linalg.inv(g)
    b = p / -np.diag(p)
    np.fill_diagonal(b, 0)
    math, math_began = cpu() - math, time.time() - math_began

    best = np.argpartition(-np.abs(b), k, axis=1)[:, :k]
    out = io.StringIO()
    for item, row in enumerate(best):
        row = row[np.argsort(-b[item, row])]
        out.write("%d\t{%s}\t{%s}\n" % (
            item, ",".join(map(str, row)),
            ",".join(["%.8g" % score for score in b[item, row]])))
    psql("COPY bench.numpy FROM STDIN", out.getvalue().encode())
    print("%.2f %.2f %.2f %.2f" % (cpu() - start, time.time() - began, math,
                                   math_began))


main()
