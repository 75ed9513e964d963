"""What `plumb convert` makes of a model folder runs in llama.cpp: it computes what transformers computed, and its tokenizer
gives the ids that Hugging Face's gave.

The folders are those of tests/data/architectures with a small vocabulary put beside each, and the recorded vocabularies
of tests/data/tokenizer beside a model of as many rows.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from containers import ROOT
from llama_cpp import judge, node_modules

HERE = pathlib.Path(__file__).resolve().parent
PLUMB = pathlib.Path(os.environ.get('PLUMB_BIN', ROOT / 'build' / 'dev' / 'bin')) / 'plumb'
FOLDERS = ROOT / 'tests' / 'data' / 'architectures'
TOKENIZERS = ROOT / 'tests' / 'data' / 'tokenizer' / 'cases'
NMSE_MAX = 1e-6

# What is not compared, and why.
OTHERWISE = {
    'llama-dynamic': 'recorded in a run longer than the file\'s context',
    'phi3-longrope-short': 'llama.cpp takes the long factors: its smallest context is longer than the original one',
    'phi3-gqa-window': 'llama.cpp computes phi3 without its window',
}
VOCABULARIES = ('bpe-gpt2', 'bpe-llama2', 'bpe-llama3')


def small_vocabulary(rows):
    tokens = {chr(ord('a') + i) if i < 26 else 'z' * (i - 24): i for i in range(rows)}
    return {'version': '1.0', 'model': {'type': 'BPE', 'vocab': tokens, 'merges': [['z', 'z']]},
            'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': True}}


def convert(folder, target):
    run = subprocess.run([PLUMB, 'convert', folder / 'model.safetensors', target, '--dtype', 'f32'], capture_output=True, text=True)
    return run.returncode, run.stderr.strip()


def read_tensors(path):
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:end])
    header.pop('__metadata__', None)
    return {name: (each['shape'], data[end + each['data_offsets'][0]:end + each['data_offsets'][1]])
            for name, each in header.items()}


def write_tensors(path, tensors):
    header, at = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': shape, 'data_offsets': [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(data for _, data in tensors.values()))


def with_tokenizer(folder, name):
    """A tiny llama of as many rows as a recorded vocabulary has ids."""
    tokenizer = json.loads((TOKENIZERS / f'{name}.json').read_text())
    ids = list(tokenizer['model']['vocab'].values()) + [token['id'] for token in tokenizer['added_tokens']]
    rows = max(ids) + 1
    config = json.loads((FOLDERS / 'llama-gqa' / 'config.json').read_text())
    tensors = read_tensors(FOLDERS / 'llama-gqa' / 'model.safetensors')
    for key, (shape, data) in tensors.items():
        if shape[0] == config['vocab_size']:
            tensors[key] = ([rows, *shape[1:]], (data * (rows // shape[0] + 1))[:rows * len(data) // shape[0]])
    folder.mkdir()
    write_tensors(folder / 'model.safetensors', tensors)
    (folder / 'config.json').write_text(json.dumps(config | {'vocab_size': rows}))
    (folder / 'tokenizer.json').write_text(json.dumps(tokenizer))


def check_models(modules, temporary):
    pairs = []
    for folder in sorted(FOLDERS.iterdir()):
        copy = temporary / folder.name
        shutil.copytree(folder, copy)
        config = json.loads((copy / 'config.json').read_text())
        (copy / 'tokenizer.json').write_text(json.dumps(small_vocabulary(config['vocab_size'])))
        target = temporary / f'{folder.name}.gguf'
        code, said = convert(copy, target)
        reason = OTHERWISE.get(folder.name) or (code and said.splitlines()[0]) or ('the file\'s context is' in said and said) \
            or ('keep their names' in said and said)
        if reason:
            print(f'{folder.name}: not compared, {reason}')
        else:
            pairs.append((target, folder / 'golden.safetensors'))
    return judge(modules, pairs, lambda model: NMSE_MAX), len(pairs)


def check_vocabularies(modules, temporary):
    texts = json.loads((TOKENIZERS / 'texts.json').read_text())
    failed = 0
    for name in VOCABULARIES:
        with_tokenizer(temporary / name, name)
        target = temporary / f'{name}.gguf'
        code, said = convert(temporary / name, target)
        wanted = json.loads((TOKENIZERS / f'{name}.ids.json').read_text())['plain']
        run = subprocess.run(['node', HERE / 'llama_cpp_tokens.mjs', modules, target, TOKENIZERS / 'texts.json'],
                             capture_output=True, text=True, timeout=120)
        found = json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else []
        different = [text for text, a, b in zip(texts, wanted, found) if a != b]
        good = code == 0 and len(found) == len(texts) and not different
        print(f'{name}: {len(found)} texts, {len(different)} with other ids' + ('' if good else
              f'  FAILED {different[:5]!r} {said} {run.stderr[-300:]}'))
        failed += not good
    return failed


def main():
    modules = node_modules()
    with tempfile.TemporaryDirectory() as temporary:
        failed, models = check_models(modules, pathlib.Path(temporary))
        failed += check_vocabularies(modules, pathlib.Path(temporary))
    print(f'{models} models and {len(VOCABULARIES)} vocabularies compared with llama.cpp, {failed} failed')
    return 1 if failed or not models else 0


if __name__ == '__main__':
    sys.exit(main())
