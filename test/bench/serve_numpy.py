"""What recommend_all by factors is measured against.

Single-precision scores of all users for all items by numpy, in pieces of 1,024
users, and one pass over them that only compares each with a number and counts.
No user is folded in, nothing is left out, no best are chosen, no row is put out.

usage: serve_numpy.py USERS ITEMS FACTORS
"""
import sys
import time

import numpy as np

PIECE = 1024


def main():
    users, items, factors = map(int, sys.argv[1:])
    rng = np.random.default_rng(1)
    u = rng.standard_normal((users, factors)).astype(np.float32)
    v = rng.standard_normal((items, factors)).astype(np.float32)
    score = np.empty((PIECE, items), np.float32)
    product = 0.0
    above = 0
    start = time.process_time()
    for begin in range(0, users, PIECE):
        piece = u[begin:begin + PIECE]
        out = score[:len(piece)]
        before = time.process_time()
        np.matmul(piece, v.T, out=out)
        product += time.process_time() - before
        above += np.count_nonzero(out > 30)
    total = time.process_time() - start
    print(f"{total:.2f} {product:.2f} {above}")


main()
