#!/usr/bin/env python3
"""Memory of running a model that is larger than it: the shape of Cerebras-GPT 13B, weights in a sparse file.

    inference_memory.py --bench build/release/bin/inference_bench [--dtype BF16] [--backend onednn] [--positions 64]
                        [--layers 40] [--limit-mib 3072]

Samples RssAnon, the memory that is not the file's pages, while the program runs, and states its peak; the time, and
the time of reading the file with `cat`; the bytes the program read from it. Fails when the peak exceeds the limit.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import inference_models


def watch(process, peaks):
    """Keeps the largest of each line of /proc/PID/status that tells resident memory, in KiB."""
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                for line in status:
                    name, _, rest = line.partition(":")
                    if name in ("RssAnon", "RssFile"):
                        peaks[name] = max(peaks.get(name, 0), int(rest.split()[0]))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--dtype", default="BF16", choices=sorted(inference_models.ELEMENT_BYTES))
    parser.add_argument("--backend", default="onednn")
    parser.add_argument("--positions", type=int, default=64)
    parser.add_argument("--layers", type=int, default=inference_models.CEREBRAS_13B["n_layer"])
    parser.add_argument("--limit-mib", type=int, default=3072)
    args = parser.parse_args()
    shape = {**inference_models.CEREBRAS_13B, "n_layer": args.layers}
    with tempfile.TemporaryDirectory(dir=os.environ.get("PLUMB_BENCH_DIR")) as folder:
        path = inference_models.write(folder, shape, args.dtype, "gelu")
        start = time.perf_counter()
        subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
        read_seconds = time.perf_counter() - start
        process = subprocess.Popen([args.bench, folder, "--backend", args.backend, "--streaming", "--rounds", "0",
                                    "--positions", str(args.positions)], stdout=subprocess.PIPE, text=True)
        peaks = {}
        watcher = threading.Thread(target=watch, args=(process, peaks))
        watcher.start()
        line = process.communicate()[0]
        watcher.join()
        if process.returncode != 0:
            return f"{args.bench} ended with {process.returncode}"
        found = json.loads(line)
        anon_mib = peaks["RssAnon"] / 1024
        size = os.path.getsize(path)
        print(f"{args.dtype} file of {size / 2**30:.1f} GiB on {args.backend}, {args.positions} positions: "
              f"{anon_mib:.0f} MiB beyond the file's pages (limit {args.limit_mib}), of them tensors "
              f"{found['peak_bytes'] / 2**20:.0f} MiB; file pages {peaks['RssFile'] / 1024:.0f} MiB; "
              f"run {found['first_ms'] / 1e3:.1f} s, cat of the file {read_seconds:.1f} s "
              f"({found['first_ms'] / 1e3 / read_seconds:.2f} times)")
        return 0 if anon_mib <= args.limit_mib else "more memory than the limit"


if __name__ == "__main__":
    sys.exit(main())
