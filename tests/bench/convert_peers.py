"""The speed of `plumb convert` beside the formats' own Python packages, in one run, on the same file.

    convert_peers.py build/release/bin/plumb [--mib 512] [--rounds 5] [--folder /dev/shm]

Prints a Markdown table: seconds, and seconds of processor time, the best of some rounds in which each side works in
turn; and how many times as fast, and as sparing, Plumb is. Plumb starts a process, uses all processors, and syncs what it wrote; the packages are imported already, use
what they use, and do not sync. In a folder in memory, the default, that makes no difference. Needs numpy, torch,
safetensors and gguf.
"""
import argparse
import pathlib
import resource
import subprocess
import tempfile
import time
import warnings

import gguf
import numpy as np
import torch
from gguf import quants
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch

Q8_0 = gguf.GGMLQuantizationType.Q8_0


def make_source(path, mib):
    rng = np.random.default_rng(2)
    block = rng.standard_normal((4096, 4096)).astype(np.float32)  # 64 MiB
    save_file({f'layers.{i}.weight': block * np.float32(1 + i / 8) for i in range(mib // 64)}, path)


def torch_save(source, target):
    torch.save(load_torch(source), target)


def numpy_savez(source, target):
    np.savez(target, **load_file(source))


def gguf_q8(source, target):
    writer = gguf.GGUFWriter(target, 'llama')
    with safe_open(source, 'numpy') as file:
        for name in file.keys():
            writer.add_tensor(name, quants.quantize(file.get_tensor(name), Q8_0), raw_dtype=Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_dequantise(source, target):
    save_file({t.name: quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(source).tensors}, target)


def seconds(call, whose):
    """Of the clock, and of the processor in this process or in its children."""
    before, begin = resource.getrusage(whose), time.monotonic()
    call()
    wall, after = time.monotonic() - begin, resource.getrusage(whose)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('plumb')
    parser.add_argument('--mib', type=int, default=512)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--folder', default='/dev/shm')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        folder = pathlib.Path(folder)
        plain, q8 = folder / 'source.safetensors', folder / 'source.gguf'
        make_source(plain, args.mib)
        subprocess.run([args.plumb, 'convert', plain, q8, '--dtype', 'q8_0'], check=True, capture_output=True)
        size = plain.stat().st_size
        rows = [('safetensors to PyTorch', plain, 'a.pt', [], 'torch.save', torch_save),
                ('safetensors to npz', plain, 'a.npz', [], 'numpy.savez', numpy_savez),
                ('safetensors F32 to GGUF Q8_0', plain, 'a.gguf', ['--dtype', 'q8_0'], 'gguf', gguf_q8),
                ('GGUF Q8_0 to safetensors F32', q8, 'a.safetensors', ['--dtype', 'f32'], 'gguf', gguf_dequantise),
                ('safetensors F32 to F16', plain, 'a.safetensors', ['--dtype', 'f16'], None, None),
                ('safetensors F32 to GGUF Q4_K', plain, 'a.gguf', ['--dtype', 'q4_k'], None, None)]
        print(f'{size / 1e9:.2f} GB of F32\n')
        print('| conversion | Plumb, s | CPU s | GB/s of F32 | peer | s | CPU s | ratio | of CPU |')
        print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
        for title, source, name, flags, peer, call in rows:
            ours, theirs = [], []
            for _ in range(args.rounds):
                target = folder / name
                command = [args.plumb, 'convert', source, target, *flags]
                ours.append(seconds(lambda: subprocess.run(command, check=True, capture_output=True), resource.RUSAGE_CHILDREN))
                target.unlink()
                if call:
                    theirs.append(seconds(lambda: call(source, target), resource.RUSAGE_SELF))
                    target.unlink()
            wall, cpu = (min(column) for column in zip(*ours))
            line = f'| {title} | {wall:.2f} | {cpu:.2f} | {size / wall / 1e9:.2f} | '
            if call:
                peer_wall, peer_cpu = (min(column) for column in zip(*theirs))
                line += f'{peer} | {peer_wall:.2f} | {peer_cpu:.2f} | {peer_wall / wall:.1f} | {peer_cpu / cpu:.1f} |'
            else:
                line += '- | - | - | - | - |'
            print(line, flush=True)


if __name__ == '__main__':
    main()
