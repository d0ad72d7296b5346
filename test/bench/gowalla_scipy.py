"""What the create_model of the Gowalla benchmark is measured against.

The same item-item matrix as item_knn's defaults, by scipy: the sparse product
D_I^-1/2 R^T D_U^-1 R D_I^-0.3 and the K largest of each row. This is the fastest
of the forms that were tried (float32 before float64, sparse rows before dense
ones, 512 rows a time); rows are not sorted, self-similarities not removed, and
reading the file is not counted, all in scipy's favor.

usage: gowalla_scipy.py TRAIN.csv.xz K
"""
import lzma
import sys
import time

import numpy as np
import scipy.sparse as sp

CHUNK = 512


def top_k(rows, k):
    ends, columns, values = rows.indptr, rows.indices, rows.data
    best = []
    for begin, end in zip(ends[:-1], ends[1:]):
        v = values[begin:end]
        c = columns[begin:end]
        if len(v) > k:
            keep = np.argpartition(v, len(v) - k)[-k:]
            v, c = v[keep], c[keep]
        best.append((c, v))
    return best


def main():
    path, k = sys.argv[1], int(sys.argv[2])
    pairs = np.loadtxt(lzma.open(path, "rt"), delimiter=",", skiprows=1,
                       dtype=np.int64)

    start = time.process_time()
    r = sp.csr_matrix((np.ones(len(pairs), np.float32),
                       (pairs[:, 0], pairs[:, 1])))
    d_user = np.asarray(r.sum(1)).ravel()
    d_item = np.maximum(np.asarray(r.sum(0)).ravel(), 1)
    left = (sp.diags(d_item ** -0.5) @ r.T).tocsr().astype(np.float32)
    right = (sp.diags(1 / d_user) @ r @ sp.diags(d_item ** -0.3)) \
        .tocsr().astype(np.float32)
    in_top_k = 0.0
    kept = 0
    for row in range(0, left.shape[0], CHUNK):
        product = left[row:row + CHUNK] @ right
        begin = time.process_time()
        kept += sum(len(c) for c, _ in top_k(product, k))
        in_top_k += time.process_time() - begin
    total = time.process_time() - start
    print(f"{total:.2f} {total - in_top_k:.2f} {in_top_k:.2f} {kept}")


main()
