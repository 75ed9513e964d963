"""SIGKILL at random moments of publish, pull and gc, of the client or of the server. Packs are small, so that many are
sealed, and written anew, meanwhile.

Nothing acknowledged may be lost, no half release and no half file may be seen, and the repeated
command must finish. PLUMB_KILLS sets how many moments are tried (200).
"""
import os
import pathlib
import subprocess
import time
import unittest

from harness import BIN, PlumbTest, seeded, write_safetensors

KILLS = int(os.environ.get('PLUMB_KILLS', '200'))
TENSORS = 12
TENSOR_BYTES = 256 << 10


def make_model(folder, random):
    """A folder with one container of TENSORS tensors, each one chunk, and a small file."""
    folder.mkdir(parents=True)
    header, data = {}, bytearray()
    for i in range(TENSORS):
        header[f't{i:02}'] = {'dtype': 'U8', 'shape': [TENSOR_BYTES],
                              'data_offsets': [len(data), len(data) + TENSOR_BYTES]}
        data += random.randbytes(TENSOR_BYTES)
    write_safetensors(folder / 'weights.safetensors', header, data)
    (folder / 'notes.txt').write_bytes(random.randbytes(3000))
    return folder


class CrashTest(PlumbTest):
    server_flags = ('--pack-size', '4')

    def setUp(self):
        super().setUp()
        self.random = seeded(type(self).__name__)
        self.counts = {'client': 0, 'server': 0, 'finished first': 0}

    def typical_seconds(self, command):
        started = time.monotonic()
        self.plumb(*command())
        return time.monotonic() - started

    def run_and_kill(self, args, typical):
        """Starts the command, kills one side at a random moment. True when the command had succeeded by then."""
        client = self.start_plumb(*args)
        moment = self.random.uniform(0, typical * 1.1)
        try:
            client.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            pass
        if client.poll() is not None:
            self.counts['finished first'] += 1
            self.server.kill()
            self.server.start()
        elif self.random.random() < 0.5:
            self.counts['client'] += 1
            client.kill()
        else:
            self.counts['server'] += 1
            self.server.kill()
            if self.random.random() < 0.5:
                client.kill()  # Else it must get over the restart by itself, or fail cleanly.
            self.server.start()
        client.communicate(timeout=120)
        return client.returncode == 0

    def releases(self):
        return {r['version'] for r in self.plumb('list', 'lab/crash', '--json').json['releases']}

    def check_pulled(self, version, source):
        """What the server calls a release must be whole."""
        folder = self.tmp / 'check' / version
        self.plumb('pull', f'lab/crash@{version}', folder, '--no-cache', '--quiet')
        for path in source.iterdir():
            self.assertEqual((folder / path.name).read_bytes(), path.read_bytes())

    def check_store(self):
        problems = self.plumb('admin', 'fsck', '--json').json
        self.assertTrue(problems['ok'], problems)

    def test_publish(self):
        first = make_model(self.tmp / 'v0', self.random)
        typical = self.typical_seconds(lambda: ['publish', 'lab/crash@v0', first, '--quiet'])
        for i in range(1, KILLS * 2 // 5 + 1):
            source = make_model(self.tmp / f'v{i}', self.random)
            args = ['publish', f'lab/crash@v{i}', source, '--quiet']
            acknowledged = self.run_and_kill(args, typical)
            visible = f'v{i}' in self.releases()
            if acknowledged:
                self.assertTrue(visible, f'v{i} was acknowledged and is gone')
            if visible:
                self.check_pulled(f'v{i}', source)
            self.plumb(*args)
            self.assertIn(f'v{i}', self.releases())
            if i % 20 == 0:
                self.check_store()
        self.check_store()
        events = self.plumb('events', '--json').json['events']
        self.assertEqual([e['sequence'] for e in events], list(range(1, len(events) + 1)))
        published = [e['version'] for e in events if e['kind'] == 'publish']
        self.assertEqual(len(published), len(set(published)), 'a release was made twice')
        print('publish:', self.counts, flush=True)

    def matched_tensors(self, partial_folder, content):
        """Tensors of the container that lie whole in a partial file."""
        best = 0
        start = len(content) - TENSORS * TENSOR_BYTES
        for partial in partial_folder.glob('*'):
            held = partial.read_bytes()
            best = max(best, sum(held[start + i * TENSOR_BYTES:start + (i + 1) * TENSOR_BYTES]
                                 == content[start + i * TENSOR_BYTES:start + (i + 1) * TENSOR_BYTES]
                                 for i in range(TENSORS)))
        return best

    def test_pull(self):
        source = make_model(self.tmp / 'source', self.random)
        content = {p.name: p.read_bytes() for p in source.iterdir()}
        total = sum(map(len, content.values()))
        self.plumb('publish', 'lab/crash@v1', source, '--quiet')
        typical = self.typical_seconds(lambda: ['pull', 'lab/crash@v1', self.tmp / 'timed', '--no-cache', '--quiet'])
        for i in range(KILLS * 3 // 10):
            folder = self.tmp / f'pull-{i}'
            args = ['pull', 'lab/crash@v1', folder, '--no-cache', '--quiet']
            acknowledged = self.run_and_kill(args, typical)
            present = {name for name in content if (folder / name).exists()}
            if acknowledged:
                self.assertEqual(present, set(content))
            for name in present:
                self.assertEqual((folder / name).read_bytes(), content[name], f'{name} is visible and not whole')
            kept = self.matched_tensors(folder / '.plumb' / 'partial', content['weights.safetensors'])
            if 'weights.safetensors' in present:
                kept = TENSORS
            again = self.plumb(*args, '--json').json
            # Random bytes do not shrink; a frame adds a few to each chunk.
            self.assertLessEqual(again['downloaded_bytes'], total - kept * TENSOR_BYTES + 64 * (TENSORS + 2), 'fetched what was there')
            self.plumb('verify', folder)
            for name, expected in content.items():
                self.assertEqual((folder / name).read_bytes(), expected)
        print('pull:', self.counts, flush=True)


    def make_garbage(self, i, typical):
        """Chunks of a publish that was cut off."""
        client = self.start_plumb('publish', f'lab/garbage@v{i}', make_model(self.tmp / f'garbage-{i}', self.random), '--quiet')
        try:
            client.communicate(timeout=typical * self.random.uniform(0.5, 0.95))
        except subprocess.TimeoutExpired:
            client.kill()
        client.communicate()

    def test_gc(self):
        sources = {}
        typical = typical_gc = None
        for i in range(KILLS - KILLS * 2 // 5 - KILLS * 3 // 10):
            if i % 4 == 0:
                sources[f'v{i}'] = make_model(self.tmp / f'v{i}', self.random)
                seconds = self.typical_seconds(lambda: ['publish', f'lab/crash@v{i}', sources[f'v{i}'], '--quiet'])
                typical = typical or seconds
            self.make_garbage(i, typical)
            if typical_gc is None:
                typical_gc = self.typical_seconds(lambda: ['admin', 'gc', '--grace', '0'])
            self.run_and_kill(['admin', 'gc', '--grace', '0'], typical_gc)
            self.assertLessEqual(set(sources), self.releases())
            if i % 10 == 9:
                self.check_store()
        self.plumb('admin', 'gc', '--grace', '0')
        self.check_store()
        self.assertEqual(self.plumb('admin', 'gc', '--grace', '0', '--json').json['deleted_chunks'], 0)
        for version, source in sources.items():
            self.check_pulled(version, source)
        stats = self.plumb('admin', 'stats', '--json').json
        # Nothing but the packs that are nearly all alive is left: each is at least 80 % alive, the open one aside.
        self.assertLessEqual(stats['pack_bytes'], stats['stored_bytes'] / 0.8 + (5 << 20))
        print('gc:', self.counts, flush=True)


if __name__ == '__main__':
    unittest.main(verbosity=2)
