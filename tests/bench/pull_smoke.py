#!/usr/bin/env python3
"""What checking a model costs that is being pulled: `plumb pull` and `plumb pull --smoke` of 1 GiB, over a shaped link.

A GPT-2 of random float32 weights (1.04 GB) is published to a server on loopback, with a golden, and pulled by turns with and
without --smoke at --max-rate 200MB. Prints the times and the ratio of the medians.

Usage: pull_smoke.py [ROUNDS]
"""
import json
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from harness import BIN, Server, clean_environment  # noqa: E402

WIDTH, LAYERS, VOCABULARY, POSITIONS = 1024, 20, 8192, 128


def tensors():
    yield 'wte.weight', (VOCABULARY, WIDTH)
    yield 'wpe.weight', (POSITIONS, WIDTH)
    for i in range(LAYERS):
        for name, shape in (('ln_1', (WIDTH,)), ('attn.c_attn', (WIDTH, 3 * WIDTH)), ('attn.c_proj', (WIDTH, WIDTH)),
                            ('ln_2', (WIDTH,)), ('mlp.c_fc', (WIDTH, 4 * WIDTH)), ('mlp.c_proj', (4 * WIDTH, WIDTH))):
            yield f'h.{i}.{name}.weight', shape
            yield f'h.{i}.{name}.bias', shape[-1:]
    yield 'ln_f.weight', (WIDTH,)
    yield 'ln_f.bias', (WIDTH,)


def make_model(folder):
    folder.mkdir()
    config = dict(model_type='gpt2', vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=WIDTH, n_layer=LAYERS, n_head=16,
                  layer_norm_epsilon=1e-5, activation_function='gelu')
    (folder / 'config.json').write_text(json.dumps(config))
    header, offset = {}, 0
    for name, shape in tensors():
        size = 4 * int(numpy.prod(shape))
        header[name] = dict(dtype='F32', shape=list(shape), data_offsets=[offset, offset + size])
        offset += size
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    generator = numpy.random.default_rng(1)
    with open(folder / 'model.safetensors', 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for name, shape in tensors():
            values = generator.standard_normal(shape, dtype=numpy.float32) * numpy.float32(0.02)
            file.write((values + 1 if 'ln_' in name and name.endswith('weight') else values).tobytes())
    return offset


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as name:
        tmp = pathlib.Path(name)
        size = make_model(tmp / 'model')
        server = Server(tmp / 'data').start()
        env = clean_environment(tmp / 'home') | {'PLUMB_REGISTRY': server.address, 'PLUMB_TOKEN': server.admin_token}

        def plumb(*args):
            begin = time.monotonic()
            subprocess.run([str(BIN / 'plumb'), *map(str, args)], env=env, check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - begin
        try:
            plumb('publish', 'lab/big@v1', tmp / 'model', '--license', 'Apache-2.0', '--quiet')
            times = {'pull': [], 'pull --smoke': []}
            for i in range(rounds):
                for what, flags in (('pull', ()), ('pull --smoke', ('--smoke',))):
                    folder = tmp / f'{what.replace(" ", "")}-{i}'
                    times[what].append(plumb('pull', 'lab/big@v1', folder, '--no-cache', '--max-rate', '200MB', '--quiet',
                                             *flags))
                    subprocess.run(['rm', '-rf', folder], check=True)
                    print(what, f'{times[what][-1]:.2f} s', flush=True)
            alone, checked = (statistics.median(times[k]) for k in ('pull', 'pull --smoke'))
            print(f'{size / 2**30:.2f} GiB: pull {alone:.2f} s, pull --smoke {checked:.2f} s, ratio {checked / alone:.3f}')
        finally:
            server.close()


if __name__ == '__main__':
    main()
