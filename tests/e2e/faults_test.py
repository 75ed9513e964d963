"""Every file operation that a start, two publishes and a garbage collection make fails once: with EIO, with ENOSPC, and
with the server stopped there and everything lost that was not synced (tests/faults).

Afterwards a server without faults must start on what is left, hold everything that was acknowledged and no half of
anything, and take the same publishes again. PLUMB_FAULTS=every tries every operation in every mode; otherwise a
sample that takes about PLUMB_FAULTS_SECONDS (40).
"""
import collections
import mmap
import os
import shutil
import struct
import subprocess
import time
import unittest

from harness import BIN, EXIT, PlumbTest, Server, seeded, write_safetensors

LIBRARY = BIN / 'libplumb_faults.so'
EVERY = os.environ.get('PLUMB_FAULTS') == 'every'
SECONDS = float(os.environ.get('PLUMB_FAULTS_SECONDS', '40'))
MODES = {'eio': 1, 'enospc': 2, 'stop': 3}
STOPPED = 137  # kStoppedStatus of tests/faults/faults.h.
FLAGS = ('--pack-size', '1')
TENSORS = 6
TENSOR_BYTES = 192 << 10


class Control:
    """The mapped file that tells the library what to do: count, fail_at, mode, fired (tests/faults/faults.h)."""

    def __init__(self, path, fail_at, mode):
        path.write_bytes(struct.pack('<4Q', 0, fail_at, mode, 0))
        with open(path, 'r+b') as file:
            self.map = mmap.mmap(file.fileno(), 32)

    def read(self, field):
        return struct.unpack('<4Q', self.map[:32])[field]

    @property
    def count(self):
        return self.read(0)

    @property
    def fired(self):
        return self.read(3) == 1


def make_model(folder, tensors, random):
    """A folder with a container of these tensors, one chunk each, and a small file of its own."""
    folder.mkdir(parents=True)
    header, data = {}, b''
    for i, tensor in enumerate(tensors):
        header[f't{i}'] = {'dtype': 'U8', 'shape': [len(tensor)], 'data_offsets': [len(data), len(data) + len(tensor)]}
        data += tensor
    write_safetensors(folder / 'weights.safetensors', header, data)
    (folder / 'notes.txt').write_bytes(random.randbytes(3000))
    return folder


@unittest.skipUnless(LIBRARY.exists(), 'the preloaded library was not built')
class FaultsTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        self.random = seeded(type(self).__name__)
        tensors = [self.random.randbytes(TENSOR_BYTES) for _ in range(2 * TENSORS)]
        self.sources = {
            'v1': make_model(self.tmp / 'v1', tensors[:TENSORS], self.random),
            'v2': make_model(self.tmp / 'v2', tensors[3:TENSORS + 3], self.random),
            'v3': make_model(self.tmp / 'v3', tensors[TENSORS:2 * TENSORS], self.random),
        }
        self.template = self.make_template()
        self.published = [version for version in self.sources if version not in ('v2', 'v3')]
        self.tried = collections.Counter()

    def make_template(self):
        """A registry with two releases, content that no release names, and a pack that was left open."""
        server = self.new_server('template', FLAGS)
        self.use(server)
        self.plumb('publish', 'lab/f@v1', self.sources['v1'], '--quiet')
        for attempt in range(20):
            # Of two that publish the same version at the same time one comes too late; its content is garbage.
            contents = [make_model(self.tmp / f'race-{attempt}-{i}',
                                   [self.random.randbytes(TENSOR_BYTES) for _ in range(TENSORS)], self.random)
                        for i in range(2)]
            clients = [self.start_plumb('publish', f'lab/f@race-{attempt}', content, '--quiet') for content in contents]
            for client in clients:
                client.communicate()
            self.sources[f'race-{attempt}'] = contents[0 if clients[0].returncode == 0 else 1]
            stats = self.plumb('admin', 'stats', '--json').json
            if stats['stored_bytes'] > (attempt + 2.9) * TENSORS * TENSOR_BYTES:
                break
        else:
            self.fail('there is no garbage to collect')
        server.kill()
        return server.folder

    def run_client(self, server, *args):
        """True when the command succeeded. One whose server is gone is ended."""
        client = self.start_plumb(*args)
        while client.poll() is None:
            try:
                client.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                if server.process.poll() is not None:
                    client.kill()
        client.communicate()
        return client.returncode == 0

    def run_with_fault(self, folder, fail_at, mode):
        """Starts a server that fails, publishes twice, collects. What was acknowledged, and the control."""
        control = Control(self.tmp / 'control', fail_at, mode)
        shutil.rmtree(self.tmp / 'kept', ignore_errors=True)
        (self.tmp / 'kept').mkdir()
        env = {**os.environ, 'LD_PRELOAD': str(LIBRARY), 'PLUMB_FAULTS_ROOT': str(folder),
               'PLUMB_FAULTS_CONTROL': str(self.tmp / 'control'), 'PLUMB_FAULTS_KEPT': str(self.tmp / 'kept'),
               'PLUMB_FAULTS_TRACE': str(self.tmp / 'trace')}
        (self.tmp / 'trace').unlink(missing_ok=True)
        server = Server(folder, FLAGS, env)
        self.addCleanup(server.close)
        acknowledged = list(self.published)
        try:
            server.start()
            self.use(server)
            for version in ('v2', 'v3'):
                if self.run_client(server, 'publish', f'lab/f@{version}', self.sources[version], '--quiet'):
                    acknowledged.append(version)
            self.run_client(server, 'admin', 'gc', '--grace', '0', '--quiet')
        except RuntimeError:
            pass  # It did not start.
        self.assertIsNotNone(server.process)
        if server.process.poll() is None:
            server.stop()
        else:
            server.process.stdout.close()
        server.process.wait()
        server.log.close()
        if control.fired and mode == MODES['stop']:
            self.assertEqual(server.process.returncode, STOPPED)
        return acknowledged, control

    def ask(self, *args):
        """Runs a command that must succeed; on a busy machine a connection may need another try."""
        for _ in range(3):
            result = self.plumb(*args, expect=None)
            if result.code != EXIT['network']:
                break
        self.assertEqual(result.code, 0, f'plumb {args}\nstdout: {result.out}\nstderr: {result.err}')
        return result

    def check_whole(self, acknowledged):
        releases = {r['version'] for r in self.ask('list', 'lab/f', '--json').json['releases']}
        self.assertLessEqual(set(acknowledged), releases, 'acknowledged releases are gone')
        for version in releases:
            folder = self.tmp / 'pulled' / version
            self.ask('pull', f'lab/f@{version}', folder, '--no-cache', '--quiet')
            for path in self.sources[version].iterdir():
                self.assertEqual((folder / path.name).read_bytes(), path.read_bytes(), f'{version} {path.name}')
        shutil.rmtree(self.tmp / 'pulled')
        problems = self.ask('admin', 'fsck', '--json').json
        self.assertTrue(problems['ok'], problems)

    def try_one(self, fail_at, name):
        """One run with the fault, and a look at what it left. False when the run had fewer operations."""
        folder = self.tmp / 'data'
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        acknowledged, control = self.run_with_fault(folder, fail_at, MODES[name])
        if not control.fired:
            return False
        self.tried[name] += 1
        server = Server(folder, FLAGS).start()
        try:
            self.use(server)
            self.check_whole(acknowledged)
            for version in ('v2', 'v3'):
                self.ask('publish', f'lab/f@{version}', self.sources[version], '--quiet')
            self.ask('admin', 'gc', '--grace', '0', '--quiet')
            self.check_whole(self.sources)
            self.assertEqual(server.stop(), 0)
        except AssertionError as error:
            raise AssertionError(f'{error}\nthe server says: {server.process.poll()}, '
                                 f'{(self.tmp / "data.log").read_text()[-2000:]}') from error
        finally:
            server.close()
        return True

    def operation(self, number):
        lines = (self.tmp / 'trace').read_text().splitlines()
        return lines[number - 1] if number <= len(lines) else '?'

    def test_every_operation(self):
        shutil.copytree(self.template, self.tmp / 'data')
        acknowledged, control = self.run_with_fault(self.tmp / 'data', 0, 0)
        self.assertEqual(acknowledged, [*self.published, 'v2', 'v3'])
        kinds = collections.Counter(line.split()[1] for line in (self.tmp / 'trace').read_text().splitlines())
        print(f'{control.count} operations: {dict(kinds)}', flush=True)
        self.assertIn('pack', (self.tmp / 'trace').read_text())
        cases = [(n, name) for n in range(1, control.count + 1) for name in MODES]
        if not EVERY:
            self.random.shuffle(cases)
        started = time.monotonic()
        for fail_at, name in cases:
            with self.subTest(operation=fail_at, mode=name):
                try:
                    self.try_one(fail_at, name)
                except AssertionError as error:
                    raise AssertionError(f'{name} at {self.operation(fail_at)}: {error}') from error
            if not EVERY and time.monotonic() - started > SECONDS:
                break
        print(f'tried: {dict(self.tried)}, {time.monotonic() - started:.0f} s', flush=True)
        self.assertGreater(sum(self.tried.values()), 0)


if __name__ == '__main__':
    unittest.main()
