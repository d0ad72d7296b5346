#!/usr/bin/python3
"""Peak memory of a server's processes, until standard input ends.

peak.py POSTMASTER: megabytes above those at the start: what the processes have
for themselves, and dynamic shared memory once. Shared buffers are not counted,
nor what is mapped of files.
"""
import glob
import os
import re
import select
import sys

SHARED = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) .* (/dev/shm/PostgreSQL\.\d+|\S*/pg_dynshmem/mmap\.\d+|/SYSV[0-9a-f]+)",
    re.MULTILINE)


def read(name):
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:         # a process that has ended
        return b""


def used(postmaster):
    private = 0
    shared = {}
    for children in glob.glob(f"/proc/{postmaster}/task/*/children"):
        for pid in read(children).split():
            proc = f"/proc/{pid.decode()}"
            anon = re.search(rb"^Pss_Anon: *(\d+)", read(f"{proc}/smaps_rollup"),
                             re.MULTILINE)
            private += int(anon.group(1)) * 1024 if anon else 0
            for start, end, name in SHARED.findall(read(f"{proc}/maps")):
                shared[name] = int(end, 16) - int(start, 16)
    return private + sum(shared.values())


def main():
    postmaster = int(sys.argv[1])
    start = peak = used(postmaster)
    print("sampling", flush=True)
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        peak = max(peak, used(postmaster))
    print(round((peak - start) / 1e6))


main()
