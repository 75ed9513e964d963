"""Bytes on disk for the same files: plumb beside restic, borg, casync and git-lfs, in one run.

Three sets: a bf16 N(0, 0.02) model with a second version in which one tensor in ten is another; checkpoints of one training run in the order
of their steps, each with the one before as its parent; the same rounded to bfloat16. Each program is used as its documentation says, with its
defaults where no other is named. Prints bytes stored / bytes of the files. Programs that are not installed are named and left out.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests/e2e'), str(ROOT / 'tests/data/tiny-shakespeare')]
import make  # noqa: E402
from harness import BIN, FAMILY, Server, clean_environment  # noqa: E402
from models import write_bf16_model  # noqa: E402


def size_of(folder):
    return sum(p.lstat().st_size for p in pathlib.Path(folder).rglob('*') if p.is_file())


class Store:
    """A fresh store in `folder`. `add(version, path)` keeps one more weight file."""
    programs = ()

    def __init__(self, folder, env):
        self.folder, self.env = folder, env
        folder.mkdir()
        self.open()

    def call(self, *command, cwd=None):
        done = subprocess.run([str(c) for c in command], env=self.env, cwd=cwd, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'{" ".join(map(str, command))}: {done.stderr[-2000:]}')
        return done.stdout

    def open(self):
        pass

    def close(self):
        pass

    def stored(self):
        return size_of(self.folder)


class Plumb(Store):
    name = 'plumb'
    parent = None

    def open(self):
        self.server = Server(self.folder / 'data').start()
        self.env = {**self.env, 'PLUMB_REGISTRY': self.server.address, 'PLUMB_TOKEN': self.server.admin_token}

    def add(self, version, path):
        # The model beside its licence, as a publisher has it; the file itself is the one that the others get.
        folder = self.folder / f'publish-{version}'
        folder.mkdir()
        (folder / path.name).hardlink_to(path)
        parent = ['--parent', self.parent] if self.parent else []
        self.parent = f'lab/model@{version}'
        self.call(BIN / 'plumb', 'publish', self.parent, folder, '--license', 'MIT', '--quiet', *parent)

    def stored(self):
        return json.loads(self.call(BIN / 'plumb', 'admin', 'stats', '--json'))['stored_bytes']

    def close(self):
        self.server.close()


class Restic(Store):
    name = 'restic'
    programs = ('restic',)

    def open(self):
        self.call('restic', 'init', '-q', '-r', self.folder / 'r')

    def add(self, version, path):
        self.call('restic', 'backup', '-q', '--no-cache', '-r', self.folder / 'r', path.name, cwd=path.parent)


class Borg(Store):
    name = 'borg'
    programs = ('borg',)
    compression = ()

    def open(self):
        self.call('borg', 'init', '-e', 'none', self.folder / 'r')

    def add(self, version, path):
        self.call('borg', 'create', *self.compression, f'{self.folder}/r::{version}', path.name, cwd=path.parent)


class BorgZstd(Borg):
    name = 'borg -C zstd,3'
    compression = ('-C', 'zstd,3')


class Casync(Store):
    name = 'casync'
    programs = ('casync',)

    def add(self, version, path):
        self.call('casync', 'make', '--store', self.folder / 'r.castr', self.folder / f'{version}.caibx', path)


class GitLfs(Store):
    name = 'git-lfs'
    programs = ('git', 'git-lfs')

    def git(self, *args):
        self.call('git', '-c', 'user.name=x', '-c', 'user.email=x@example.org', *args, cwd=self.folder / 'work')

    def open(self):
        (self.folder / 'work').mkdir()
        self.call('git', 'init', '-q', '--bare', self.folder / 'remote.git')
        self.git('init', '-q', '-b', 'main')
        self.git('lfs', 'install', '--local')
        self.git('lfs', 'track', '*.safetensors')
        self.git('remote', 'add', 'origin', f'file://{self.folder}/remote.git')

    def add(self, version, path):
        shutil.copy(path, self.folder / 'work' / path.name)
        self.git('add', '.')
        self.git('commit', '-q', '-m', version)
        self.git('push', '-q', 'origin', 'main')

    def stored(self):
        return size_of(self.folder / 'remote.git')


STORES = (Plumb, Restic, Borg, BorgZstd, Casync, GitLfs)


def step_of(folder):
    return int(folder.name.split('-')[-1])


def checkpoints(family, folder):
    """(versions in float32, the same in bfloat16); a family that is in bfloat16 already has only the latter."""
    wide, narrow = [], []
    for step in sorted(family.glob('step-*'), key=step_of):
        source, rounded = step / 'model.safetensors', folder / step.name / 'model.safetensors'
        rounded.parent.mkdir(parents=True)
        header = source.read_bytes()[:2000]
        if b'"F32"' in header:
            wide.append((step.name, source))
            make.main(source, rounded)
        else:
            shutil.copy(source, rounded)
        narrow.append((step.name, rounded))
    return wide if len(wide) == len(narrow) else [], narrow


class Bench:
    def __init__(self, options):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix='plumb-sizes-', dir=options.folder))
        self.options = options
        self.env = clean_environment(self.tmp / 'home')
        (self.tmp / 'home').mkdir()
        self.env.update(RESTIC_PASSWORD='x', BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK='yes', BORG_RELOCATED_REPO_ACCESS_IS_OK='yes',
                        BORG_BASE_DIR=str(self.tmp / 'borg-home'))

    def sets(self):
        """(name, versions) of each set of files."""
        first = write_bf16_model(BIN, self.tmp / 'v1' / 'model.safetensors', self.options.mib, seed=1)
        second = write_bf16_model(BIN, self.tmp / 'v2' / 'model.safetensors', self.options.mib, seed=1, changed=(2, 10))
        yield 'bf16 N(0, 0.02), then 10 % changed', [('v1', first), ('v2', second)]
        wide, narrow = checkpoints(self.options.family, self.tmp / 'bf16')
        if wide:
            yield f'{len(wide)} checkpoints, float32', wide
        yield f'{len(narrow)} checkpoints, bfloat16', narrow

    def measure(self, kind, versions):
        """Bytes stored after each version."""
        store = kind(self.tmp / 'store', self.env)
        try:
            empty = store.stored()
            sizes = []
            for version, path in versions:
                store.add(version, path)
                sizes.append(store.stored() - empty)
            return sizes
        finally:
            store.close()
            shutil.rmtree(store.folder)

    def run(self):
        try:
            stores = STORES if self.options.peers else STORES[:1]
            missing = sorted({p for kind in stores for p in kind.programs if not shutil.which(p)})
            if missing:
                print(f'skipped, not installed: {", ".join(missing)}')
            for name, versions in self.sets():
                plain = [path.stat().st_size for _, path in versions]
                print(f'\n{name}: {sum(plain) / 1e6:.1f} MB in {len(plain)} files')
                print(f'{"program":16} {"stored MB":>10} {"stored / plain":>15} {"first":>8} {"last adds":>10} {"plumb / it":>11}', flush=True)
                ours = None
                for kind in stores:
                    if any(not shutil.which(p) for p in kind.programs):
                        continue
                    sizes = self.measure(kind, versions)
                    ours = ours or sizes[-1]
                    print(f'{kind.name:16} {sizes[-1] / 1e6:10.1f} {sizes[-1] / sum(plain):15.4f} {sizes[0] / plain[0]:8.4f} '
                          f'{(sizes[-1] - sizes[-2]) / plain[-1]:10.4f} {ours / sizes[-1]:11.3f}', flush=True)
        finally:
            shutil.rmtree(self.tmp, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--mib', type=int, default=1984, help='size of the model (1984: 2.08 GB)')
    parser.add_argument('--family', type=pathlib.Path, default=FAMILY, help='folder of step-N/model.safetensors in float32 or bfloat16')
    parser.add_argument('--no-peers', dest='peers', action='store_false')
    parser.add_argument('--folder', help='where to work (a folder for temporary files)')
    Bench(parser.parse_args()).run()


if __name__ == '__main__':
    main()
