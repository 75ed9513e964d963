"""Packages from npm that conformance tests run beside Plumb, installed in the user's cache."""
import fcntl
import os
import pathlib
import shutil
import subprocess

from containers import skip


def installed(package, *parts):
    """The folder with node_modules in it. Skips the test, with the reason, where the package cannot be had.

    `parts`: of the packages that it names as optional, those that are wanted; without any, all that npm takes."""
    if not shutil.which('npm'):
        skip('there is no npm')
    name = package.rsplit('@', 1)[0]
    cache = pathlib.Path(os.environ.get('PLUMB_TEST_CACHE', pathlib.Path.home() / '.cache' / 'plumb-tests'))
    folder = cache / package.replace('@', '-').replace('/', '-')
    whole = folder / 'installed'  # npm was here and came to its end.
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Tests run side by side.
        if not whole.exists():
            (folder / 'package.json').write_text('{"private": true}')
            command = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', package, *parts]
            if parts:
                command.append('--omit=optional')
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
            if run.returncode != 0:
                skip(f'{name} cannot be installed: ' + (run.stderr.strip().splitlines() or ['?'])[-1])
            whole.touch()
    return folder
