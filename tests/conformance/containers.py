"""What the conformance tests share: Plumb's dump of a container, and where models are."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # What ctest takes as "skipped".


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIPPED)


def shared():
    """Folders that may hold models beside the checkout."""
    for folder in (os.environ.get('PLUMB_SHARED'), ROOT.parent / 'shared', ROOT.parent.parent / 'shared'):
        if folder and pathlib.Path(folder).is_dir():
            return pathlib.Path(folder)
    return None


def dump(path):
    """What container_dump prints for a file, with tensors under their names."""
    path = pathlib.Path(path)
    program = pathlib.Path(os.environ['PLUMB_BIN']) / 'container_dump'
    run = subprocess.run([program, path.parent, path.name], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    result['tensors'] = {t['name']: t for t in result['tensors']}
    return result


def sha256(array):
    """Of a numpy array's bytes, dense and row-major."""
    return hashlib.sha256(array.tobytes()).hexdigest()
