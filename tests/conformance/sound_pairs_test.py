"""Sound models pass: goldens that ONNX Runtime and PyTorch recorded, float and int8, on every backend; none may FAIL.

PLUMB_SOUND_PAIRS says how many pairs (24; 300 is the whole). onnxruntime comes from PyPI into the user's cache, PyTorch
is python3-torch of the distribution. Without the former the test is skipped, without the latter its pairs are left out.
Prints what was found: verdicts by backend, the worst share of a limit that was used, coverage of the int8 models, and
how many of the faults put into int8 models were seen.
"""
import collections
import fcntl
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from containers import skip

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ['onnxruntime==1.32.0', 'onnx==1.23.2', 'numpy==2.4.6']
BACKENDS = ['reference', 'onednn', 'opencl', 'torch']
INT8_COVERAGE_MIN = 0.9
TELLING_NMSE = 1e-2  # A fault that changes outputs by more must be seen, however far rounding moves them.
SYSTEM_PYTHON = '/usr/bin/python3'


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)


def python_with_onnxruntime():
    cache = pathlib.Path(os.environ.get('PLUMB_TEST_CACHE', pathlib.Path.home() / '.cache' / 'plumb-tests'))
    folder = cache / 'onnxruntime-python'
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / 'installed'
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists() or whole.read_text() != ' '.join(PACKAGES):
            run(sys.executable, '-m', 'venv', folder / 'venv')
            found = run(folder / 'venv/bin/python', '-m', 'pip', 'install', '-q', *PACKAGES, timeout=250)
            if found.returncode != 0:
                skip('onnxruntime cannot be installed: ' + (found.stderr.strip().splitlines() or ['?'])[-1])
            whole.write_text(' '.join(PACKAGES))
    return folder / 'venv/bin/python'


def make(python, script, folder, count):
    """The pairs in a folder by their files' names, made by a script."""
    found = run(python, HERE / script, folder, count)
    assert found.returncode == 0, found.stderr
    return json.loads((folder / 'pairs.json').read_text())


def smoke(folder, backends):
    program = pathlib.Path(os.environ['PLUMB_BIN']) / 'plumb'
    found = run(program, 'smoke', folder, '--json', '--backend', ','.join(backends))
    report = json.loads(found.stdout)
    assert (found.returncode == 7) == (report['verdict'] == 'fail'), found.stderr
    return report


def file_of(result):
    """The name of a case's model file."""
    return result['name'] if result['name'].endswith('.onnx') else result['name'] + '.onnx'


def share_of_limit(result):
    """The largest part of a limit that the golden's measures used."""
    shares = [0]
    for gate in result['gates']:
        if gate['name'] != 'golden':
            continue
        shares += [m['value'] / m['at_most'] for m in gate['measures'] if m.get('at_most')]
    return max(shares)


def count_faults(results, made):
    """Prints how many faults are seen. Gives those that are not although they change outputs by more than rounding may."""
    passed = [r for r in results if r['verdict'] != 'fail']
    print(f'faults in int8 models: {len(made) - len(passed)} of {len(made)} are seen')
    for r in passed:
        print(f'not seen: {made[file_of(r)]}: NMSE {r["nmse"]:.2e}')
    return [made[file_of(r)] for r in passed if r['nmse'] > TELLING_NMSE]


class Tally:
    """What was found, over all folders."""

    def __init__(self):
        self.verdicts = collections.defaultdict(collections.Counter)
        self.families = collections.Counter()
        self.coverage = collections.defaultdict(list)
        self.worst = (0, '')
        self.beyond = 0  # Passed by measured limits.
        self.failed = []

    def add(self, report, pairs):
        for backend in report['backends']:
            for result in backend['cases']:
                family = pairs[file_of(result)]
                self.verdicts[backend['name']][result['verdict']] += 1
                if backend['name'] == 'reference':
                    self.families[family] += 1
                what = f'{result["name"]} ({family}) on {backend["name"]}'
                if result['verdict'] != 'pass':
                    print(f'{result["verdict"]}: {what}: {result["detail"][:300]}')
                if result['verdict'] == 'fail':
                    self.failed.append(what)
                    continue
                if result['verdict'] == 'pass':
                    self.worst = max(self.worst, (share_of_limit(result), what))
                    golden = next(g for g in result['gates'] if g['name'] == 'golden')
                    self.beyond += golden['limits_from'].startswith('measured')
                if 'int8' in family:
                    self.coverage[backend['name']].append((result['coverage'], what))

    def show(self):
        print(f'{sum(self.families.values())} pairs: ' + ', '.join(f'{n} {f}' for f, n in sorted(self.families.items())))
        for name, verdicts in self.verdicts.items():
            print(f'{name}: ' + ', '.join(f'{n} {v}' for v, n in sorted(verdicts.items())))
        print(f'{self.beyond} passed by limits that were measured; '
              f'the largest share of a limit was {self.worst[0]:.3f}: {self.worst[1]}')
        for name, found in self.coverage.items():
            shares = [share for share, _ in found]
            print(f'int8 coverage of {name}: mean {sum(shares) / len(shares):.3f}, least {min(found)[0]:.3f}: {min(found)[1]}')


def main():
    count = int(os.environ.get('PLUMB_SOUND_PAIRS', '24'))
    python = python_with_onnxruntime()
    with_torch = run(SYSTEM_PYTHON, '-c', 'import torch').returncode == 0
    if not with_torch:
        print('no pairs of PyTorch: python3-torch is not installed')
    torch_count = count // 4 if with_torch else 0
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        folders = {}
        onnx_folder = pathlib.Path(scratch) / 'onnx'
        folders[onnx_folder] = make(python, 'sound_pairs_onnx.py', onnx_folder, count - torch_count)
        if torch_count:
            torch_folder = pathlib.Path(scratch) / 'torch'
            folders[torch_folder] = make(SYSTEM_PYTHON, 'sound_pairs_torch.py', torch_folder, torch_count)
        for folder, pairs in folders.items():
            tally.add(smoke(folder, BACKENDS), pairs)
        tally.show()
        faults = pathlib.Path(scratch) / 'faults'
        made = json.loads(run(python, HERE / 'int8_faults.py', onnx_folder, faults).stdout)
        missed = count_faults(smoke(faults, ['reference'])['backends'][0]['cases'], made)
    low = [what for name in ('onednn', 'opencl') for share, what in tally.coverage[name] if share < INT8_COVERAGE_MIN]
    for what in tally.failed:
        print(f'FALSE FAIL: {what}')
    for what in low:
        print(f'too little on the backend itself: {what}')
    return 1 if tally.failed or missed or low else 0


if __name__ == '__main__':
    sys.exit(main())
