"""A pulled folder is what other tools expect: transformers loads it and computes the golden logits.

Uses Debian's python3-torch and transformers from PyPI, in an environment kept in the user's cache. Reported as
skipped, with the reason, where they cannot be had.
"""
import os
import pathlib
import subprocess
import sys
import unittest

from harness import FAMILY, PlumbTest

PROGRAM = '''
import sys, torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], torch_dtype=torch.float32).eval()
golden = load_file(sys.argv[1] + '/golden.safetensors')
with torch.no_grad():
    logits = model(golden['input_ids']).logits
nmse = ((logits - golden['logits']).double() ** 2).sum() / (golden['logits'].double() ** 2).sum()
print('nmse %.3e' % nmse.item())
sys.exit(0 if nmse < 1e-9 else 1)
'''


def run(*command, **kwargs):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)


def environment():
    """A Python that has torch and transformers, or the reason why there is none."""
    python = '/usr/bin/python3'
    if run(python, '-c', 'import torch, ensurepip').returncode != 0:
        if os.geteuid() != 0:
            return None, "python3-torch is not installed (apt-get install python3-torch python3-venv)"
        run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'python3-torch', 'python3-venv',
            env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
        if run(python, '-c', 'import torch').returncode != 0:
            return None, 'python3-torch cannot be installed here'
    folder = pathlib.Path(os.environ.get('PLUMB_TEST_CACHE', pathlib.Path.home() / '.cache' / 'plumb-tests')) / 'transformers'
    inside = folder / 'bin' / 'python'
    if not inside.exists() or run(inside, '-c', 'import transformers').returncode != 0:
        run(python, '-m', 'venv', '--clear', '--system-site-packages', folder)
        installed = run(inside, '-m', 'pip', 'install', '-q', 'transformers==4.41.2', timeout=900)
        if installed.returncode != 0:
            return None, 'transformers cannot be installed: ' + installed.stderr.strip().splitlines()[-1]
    return inside, None


class TransformersTest(PlumbTest):
    def test_transformers_computes_the_golden_logits(self):
        python, reason = environment()
        if python is None:
            print(f'SKIPPED WHOLE: {reason}', flush=True)
            self.skipTest(reason)
        self.plumb('publish', 'lab/tiny@v1', FAMILY / 'step-3000', '--license', 'Apache-2.0')
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'pulled')
        result = run(python, '-c', PROGRAM, self.tmp / 'pulled', env={**os.environ, 'HF_HUB_OFFLINE': '1'})
        print(result.stdout.strip(), flush=True)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
