"""The speed of formats_bench beside the `gguf` and `safetensors` Python packages, doing the same on one core.

    formats_peers.py build/release/bin/formats_bench

Prints a Markdown table: GB/s of float32 made (GB/s of float32 read, for quantising), and how many times as fast Plumb
is. Types that a package does not have are left out. Needs numpy, gguf and safetensors.
"""
import json
import os
import subprocess
import sys
import time

for variable in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(variable, '1')

import gguf
import numpy as np
from gguf import quants
from safetensors.numpy import load, save

ELEMENTS = 1 << 20


def best_seconds(call, budget=1.0):
    best, until = float('inf'), time.monotonic() + budget
    while time.monotonic() < until:
        begin = time.process_time()
        call()
        best = min(best, time.process_time() - begin)
    return best


def plumb(program):
    """Benchmark name to seconds of processor time; the best of three."""
    text = subprocess.run([program, '--benchmark_format=json', '--benchmark_min_time=0.1', '--benchmark_repetitions=3',
                           '--benchmark_filter=quantise|Quantise|Decode|ParseHeader/10000'],
                          check=True, capture_output=True, text=True).stdout
    unit = {'ns': 1e-9, 'us': 1e-6, 'ms': 1e-3}
    seconds = {}
    for run in json.loads(text)['benchmarks']:
        if run['run_type'] == 'iteration':
            name = run['run_name']
            seconds[name] = min(seconds.get(name, float('inf')), run['cpu_time'] * unit[run['time_unit']])
    return seconds


def peer_rows():
    """(what, bytes of float32, benchmark and its bytes, peer, seconds)."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal(ELEMENTS).astype(np.float32)
    for qtype in sorted(quants._type_traits):
        if qtype == gguf.GGMLQuantizationType.BF16:
            continue
        elements, size = gguf.constants.GGML_QUANT_SIZES[qtype]
        blocks = rng.integers(0, 256, (ELEMENTS // 4096, 4096 // elements * size), dtype=np.uint8)
        yield f'Dequantise/{qtype.name}', ELEMENTS * 4, 'gguf', best_seconds(lambda: quants.dequantize(blocks, qtype))
        rows = values.reshape(-1, 4096)
        try:
            yield f'Quantise/{qtype.name}', ELEMENTS * 4, 'gguf', best_seconds(lambda: quants.quantize(rows, qtype))
        except NotImplementedError:
            pass
    for name, dtype, count in (('F32', np.float32, 1 << 18), ('F16', np.float16, 1 << 19)):
        file = save({'t': values[:count].astype(dtype)})
        yield f'Decode/{name}', count * 4, 'safetensors', best_seconds(lambda: load(file)['t'].astype(np.float32))


def main():
    ours = plumb(sys.argv[1])
    print('| operation | Plumb, GB/s | peer | GB/s | ratio |\n| --- | --- | --- | --- | --- |')
    with np.errstate(all='ignore'):
        for name, size, peer, seconds in peer_rows():
            print(f'| {name} | {size / ours[name] / 1e9:.2f} | {peer} | {size / seconds / 1e9:.3f} | '
                  f'{seconds / ours[name]:.0f} |')
        header = save({f'model.layers.{i}.self_attn.q_proj.weight': np.zeros((4, 4), np.float32) for i in range(10_000)})
        seconds = best_seconds(lambda: load(header))
    mine = ours['ParseHeader/10000']
    print(f'\nHeader of 10,000 tensors: Plumb {mine * 1e3:.2f} ms; safetensors, with the arrays {seconds * 1e3:.2f} ms.')


if __name__ == '__main__':
    main()
