"""What Plumb takes a GGUF model to mean is what llama.cpp computes: every model of tests/data/gguf-models that llama.cpp
runs too, against the record that `gguf_model_test` compares Plumb with. The records were made by transformers.

llama.cpp comes prebuilt with node-llama-cpp from npm, installed in the user's cache. Skipped, with the reason, where
that cannot be had.
"""
import json
import pathlib
import sys
import tempfile

from containers import ROOT
from gguf_vocabulary import with_vocabulary
from llama_cpp import judge, node_modules

MODELS = ROOT / 'tests' / 'data' / 'gguf-models'
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


def main():
    modules, pairs = node_modules(), []
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
        failed = judge(modules, pairs, lambda model: NMSE_MAX.get(model.stem.rsplit('-', 1)[1], NMSE_MAX_OF_BLOCKS))
    print(f'{len(pairs)} models compared with llama.cpp, {failed} failed')
    return 1 if failed or not pairs else 0


if __name__ == '__main__':
    sys.exit(main())
