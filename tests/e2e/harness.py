"""What the end-to-end tests share: a server, a client with a home of its own, sample data.

Every test runs the installed programs as a person would, on loopback and in temporary folders.
PLUMB_BIN is the folder with `plumbd` and `plumb`; ctest sets it.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ.get('PLUMB_BIN', 'build/dev/bin')).resolve()
DATA = pathlib.Path(__file__).resolve().parents[1] / 'data'
FAMILY = DATA / 'tiny-shakespeare'
RECIPE = DATA / 'recipes' / 'tiny-shakespeare.yaml'

EXIT = {'done': 0, 'failed': 1, 'usage': 2, 'not found': 3, 'permission': 4, 'network': 5, 'verification': 6,
        'smoke': 7, 'storage': 8, 'policy': 9, 'interrupted': 130}


def clean_environment(home):
    """The environment without anything of the caller's own plumb, and with `home` as its home."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(('PLUMB_', 'XDG_'))}
    # Long enough for a server that is starting, short enough for one that was killed for good.
    env.update(PLUMB_RETRY_FOR='4s', HOME=str(home), XDG_CONFIG_HOME=f'{home}/config', XDG_CACHE_HOME=f'{home}/cache',
               XDG_STATE_HOME=f'{home}/state', NO_COLOR='1')
    return env


class Server:
    """One plumbd on a folder. It may be killed and started again on the same folder and port."""

    def __init__(self, folder, flags=(), env=None):
        self.folder = pathlib.Path(folder)
        self.env = env
        self.flags = list(flags)
        self.process = None
        self.address = '127.0.0.1:0'
        self.log = open(f'{folder}.log', 'ab')

    def start(self):
        command = [BIN / 'plumbd', '--data', self.folder, '--listen', self.address, *self.flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.env)
        line = self.process.stdout.readline()
        if not line.startswith('plumbd ready on '):
            raise RuntimeError(f'plumbd said {line!r}; see {self.folder}.log')
        self.address = line.split()[-1]
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ends it as an operator would; returns its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()

    def largest_pack(self):
        """The pack file that holds most, writable."""
        pack = max((p for p in (self.folder / 'packs').rglob('*.pack')), key=lambda p: p.stat().st_size)
        pack.chmod(0o600)
        return pack

    @property
    def admin_token(self):
        return (self.folder / 'admin.token').read_text().strip()


class Result:
    """What a command printed and how it ended."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr

    @property
    def json(self):
        return json.loads(self.out)


class PlumbTest(unittest.TestCase):
    """A temporary folder, a server in it, and `self.plumb(...)` to run the client."""
    server_flags = ()
    start_server = True

    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix='plumb-e2e-'))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.env = clean_environment(self.tmp / 'home')
        if self.start_server:
            self.server = self.new_server('data', self.server_flags)
            self.use(self.server)

    def new_server(self, name, flags=()):
        server = Server(self.tmp / name, flags).start()
        self.addCleanup(server.close)
        return server

    def use(self, server):
        """Makes the client talk to this server as its administrator."""
        self.env.update(PLUMB_REGISTRY=server.address, PLUMB_TOKEN=server.admin_token)

    def plumb(self, *args, expect='done', env=None, stdin=None):
        completed = subprocess.run([str(BIN / 'plumb'), *map(str, args)], env={**self.env, **(env or {})},
                                   input=stdin, capture_output=True, text=True, timeout=600)
        result = Result(completed)
        if expect is not None:
            self.assertEqual(result.code, EXIT[expect],
                             f'plumb {" ".join(map(str, args))}\nstdout: {result.out}\nstderr: {result.err}')
        return result

    def start_plumb(self, *args, env=None):
        return subprocess.Popen([str(BIN / 'plumb'), *map(str, args)], env={**self.env, **(env or {})},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def publish_family(self):
        """The family in tests/data: steps 0, 1000, 2000 in bfloat16, 3000 in both, each with its parent."""
        parent = None
        for step in (0, 1000, 2000, 3000):
            args = ['publish', f'lab/tiny@step-{step}', FAMILY / f'step-{step}', '--kind', 'checkpoint', '--step', step,
                    '--license', 'Apache-2.0', '--recipe', RECIPE]
            if parent:
                args += ['--parent', parent]
            if step == 3000:
                args += ['--tag', 'latest']
            self.plumb(*args, '--quiet')
            parent = f'lab/tiny@step-{step}'

    def copy_of(self, folder, name='copy'):
        target = self.tmp / name
        shutil.copytree(folder, target)
        return target


def flip_byte(path, position):
    with open(path, 'r+b') as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x40]))


def read_safetensors(path):
    """Header and data of a small file."""
    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], 'little')
    return json.loads(data[8:8 + size]), bytearray(data[8 + size:])


def write_safetensors(path, header, data):
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, 'little') + text + bytes(data))


def same_tree(a, b, names):
    return all((pathlib.Path(a) / n).read_bytes() == (pathlib.Path(b) / n).read_bytes() for n in names)


def seeded(name):
    """A generator whose seed is printed, so that a failure can be run again with PLUMB_SEED."""
    seed = int(os.environ.get('PLUMB_SEED', time.time_ns() % 2**32))
    print(f'{name}: PLUMB_SEED={seed}', flush=True)
    return random.Random(seed)
