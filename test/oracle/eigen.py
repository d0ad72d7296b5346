"""Eigenvalues of whole-number Gram matrices by LAPACK's dsyevd (numpy).

Prints ../kernel/eigen_lapack.h, which test/kernel/eigen.c includes: it needs
neither numpy nor this at run time. The matrices are X'X of RANK rows of N
numbers, those of row r being (i + 3)^2 (r + 5) (r + i + 5) % 101 - 50, so that
this and the test have the same ones to the last bit. Values below the
precision are left out: they are 0.

    /usr/bin/python3 test/oracle/eigen.py >test/kernel/eigen_lapack.h
"""
import numpy as np

SIZES = [1, 2, 3, 5, 8, 16, 33, 64]


def gram(n, rows):
    r, i = np.arange(rows)[:, None], np.arange(n)[None, :]
    x = ((i + 3) ** 2 * (r + 5) * (r + i + 5) % 101 - 50).astype(float)
    return x.T @ x


def main():
    values = []
    cases = []
    for n in SIZES:
        for rows in sorted({0, 1, 2, n // 2, n - 1, n, 2 * n}):
            value = np.linalg.eigvalsh(gram(n, rows))[::-1]
            value = value[value > 1e-12 * max(value[0], 1)]
            cases.append((n, rows, len(values), len(value)))
            values += list(value)
    print("/*\n * eigen_lapack.h\n"
          " *\t\tEigenvalues as LAPACK has them; written by ../oracle/eigen.py.\n"
          " */\n")
    print("static const double lapack_value[] = {")
    print(",\n".join("\t%.17g" % v for v in values))
    print("};\n")
    print("/* Size, rows that make the matrix, first value, values above 0. */")
    print("static const struct\n{\n\tint\t\t\tn;\n\tint\t\t\trows;\n"
          "\tint\t\t\tfirst;\n\tint\t\t\tn_values;\n}\t\t\tlapack_case[] =\n\n{")
    print(",\n".join("\t{%d, %d, %d, %d}" % c for c in cases))
    print("};")


main()
