"""What is recorded in tests/data/onnx is what ONNX Runtime from npm computes: a second build, of another version and
another packager than the one that recorded it. `onnx_model_test` compares Plumb with the same records.

Installs onnxruntime-node in the user's cache. Skipped, with the reason, where that cannot be had.
"""
import json
import os
import pathlib
import subprocess
import sys

from npm_package import installed

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / 'data' / 'onnx'
SHARED = pathlib.Path(os.environ.get('PLUMB_SHARED', HERE.parents[2] / 'shared')) / 'models' / 'silero-vad'
PACKAGE = 'onnxruntime-node@1.22.0'
NMSE_MAX = 1e-9

# The model of each record, as tests/conformance/make_onnx_goldens.py has it.
CASES = {
    'mnist': DATA / 'mnist.onnx',
    'gpt2-past': DATA / 'tiny-random-gpt2-past.onnx',
    'gpt2-first': DATA / 'tiny-random-gpt2-past.onnx',
    'silero_vad_16k_op15': DATA / 'silero_vad_16k_op15.onnx',
    'silero_vad': SHARED / 'silero_vad.onnx',
    'silero_vad_8k': SHARED / 'silero_vad.onnx',
    'silero_vad_half': SHARED / 'silero_vad_half.onnx',
}


def main():
    folder = installed(PACKAGE)
    failed = 0
    for name, model in CASES.items():
        if not model.exists():
            print(f'{name}: not compared, the model is not beside the checkout')
            continue
        run = subprocess.run(['node', HERE / 'onnxruntime_case.js', folder / 'node_modules' / 'onnxruntime-node', model,
                              DATA / f'{name}.safetensors'], capture_output=True, text=True, timeout=120)
        if run.returncode != 0:
            print(f'{name}: {run.stderr.strip()}')
            failed += 1
            continue
        result = json.loads(run.stdout)
        worst = max(result['nmse'].values())
        print(f'{name}: onnxruntime-node {result["version"]}, {len(result["nmse"])} outputs, largest NMSE {worst:.2e}')
        failed += not worst <= NMSE_MAX
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
