"""What Plumb takes a GGUF model to mean is what llama.cpp computes: every model of tests/data/gguf-models that llama.cpp
runs too, against the record that `gguf_model_test` compares Plumb with. The records were made by transformers.

llama.cpp comes prebuilt with node-llama-cpp from npm, installed in the user's cache. Skipped, with the reason, where
that cannot be had.
"""
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

from containers import ROOT, skip
from gguf_vocabulary import with_vocabulary
from npm_package import installed

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ROOT / 'tests' / 'data' / 'gguf-models'
VERSION = '3.22.1'
# One of its builds: all of them are 700 MB.
BUILDS = {'x86_64': 'linux-x64', 'aarch64': 'linux-arm64'}
# llama.cpp looks GELU up in a table of halves, computes with weights of 16 bits in halves, and rounds what it multiplies
# blocks with to eight bits.
NMSE_MAX = {'f32': 1e-6, 'f16': 1e-5}
NMSE_MAX_OF_BLOCKS = 1e-2

# What llama.cpp computes otherwise, and why.
OTHERWISE = {
    'phi3-longrope-short-f32': 'llama.cpp takes the long factors: its smallest context is longer than the original one',
}


def reason_not_to_compare(record):
    if 'token_type_ids' in record:
        return 'llama.cpp knows only the first type of tokens'
    if 'decoder_input_ids' in record:
        return 'node-llama-cpp runs no encoder before a decoder'
    if 'logits' not in record and 'sentence_embedding' not in record:
        return 'nothing is recorded that llama.cpp gives out'
    return None


def tensors_of(path):
    with open(path, 'rb') as file:
        return json.loads(file.read(int.from_bytes(file.read(8), 'little')))


def run_llama(modules, pairs):
    """llama.cpp's NMSE of each model against its record, by path; or what it said when it gave up."""
    run = subprocess.run(['node', HERE / 'llama_cpp_case.mjs', modules, *(path for pair in pairs for path in pair)],
                         capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        return {}, (run.stderr.strip().splitlines() or [f'ended by {-run.returncode}'])[-1]
    return json.loads(run.stdout.splitlines()[-1]), ''


def compare(modules, pairs):
    """Yields each model with its NMSE, or none and why. llama.cpp ends its process when a model is not as it should be:
    then each has one of its own."""
    errors, problem = run_llama(modules, pairs)
    for model, record in pairs:
        if not errors:
            alone, problem = run_llama(modules, [(model, record)])
            yield model, alone.get(str(model)), problem
        else:
            yield model, errors[str(model)], ''


def main():
    build = BUILDS.get(platform.machine()) or skip(f'node-llama-cpp is not built for {platform.machine()}')
    modules = installed(f'node-llama-cpp@{VERSION}', f'@node-llama-cpp/{build}@{VERSION}') / 'node_modules'
    failed, pairs = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        for model in sorted(MODELS.glob('*.gguf')):
            record = model.with_suffix('.golden.safetensors')
            reason = OTHERWISE.get(model.stem) or reason_not_to_compare(tensors_of(record))
            if reason:
                print(f'{model.stem}: not compared, {reason}')
                continue
            copy = pathlib.Path(temporary) / model.name
            copy.write_bytes(with_vocabulary(model.read_bytes()))
            pairs.append((copy, record))
        for model, error, problem in compare(modules, pairs):
            limit = NMSE_MAX.get(model.stem.rsplit('-', 1)[1], NMSE_MAX_OF_BLOCKS)
            good = error is not None and error <= limit
            print(f'{model.stem}: ' + (problem or f'NMSE {error:.2e}, limit {limit:.0e}') + ('' if good else '  FAILED'))
            failed += not good
    print(f'{len(pairs)} models compared with llama.cpp, {failed} failed')
    return 1 if failed or not pairs else 0


if __name__ == '__main__':
    sys.exit(main())
