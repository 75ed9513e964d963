"""Memory does not grow with the model: client and server stay under 256 MiB while 4 GiB are published and pulled.

Resident memory without the file cache: RssAnon and RssShmem, sampled. PLUMB_MODEL_MIB sets the size (4096); where the
disk has no room for it a smaller model is used, and said so. PLUMB_SPARSE_GIB (40) is the size of a second model, a sparse
file: it is published, pulled and verified too, at a tenth of the size where the disk has no room for the pulled copy.
"""
import os
import shutil
import threading
import time
import unittest

from harness import PlumbTest, write_safetensors

LIMIT_MIB = 256
SPARSE_GIB = int(os.environ.get('PLUMB_SPARSE_GIB', '40'))
WANTED_MIB = int(os.environ.get('PLUMB_MODEL_MIB', '4096'))


class Sampler(threading.Thread):
    """The largest private memory of some processes, in MiB."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.peak = {pid: 0 for pid in pids}
        self.running = True
        self.start()

    def sample(self, pid):
        try:
            with open(f'/proc/{pid}/status') as status:
                fields = dict(line.split(':', 1) for line in status)
        except OSError:
            return 0
        return sum(int(fields[f].split()[0]) for f in ('RssAnon', 'RssShmem') if f in fields) / 1024

    def run(self):
        while self.running:
            for pid in self.peak:
                self.peak[pid] = max(self.peak[pid], self.sample(pid))
            time.sleep(0.02)


class MemoryTest(PlumbTest):
    def make_model(self, mib):
        """One container of 64 MiB tensors; every MiB is different, so that nothing is shared."""
        folder = self.tmp / 'large'
        folder.mkdir()
        header, size = [], 64 << 20
        for i in range(mib // 64):
            header.append(f'"t{i:03}":{{"dtype":"BF16","shape":[{size // 2}],"data_offsets":[{i * size},{(i + 1) * size}]}}')
        text = ('{' + ','.join(header) + '}').encode()
        text += b' ' * (-len(text) % 8)
        base = bytearray(os.urandom(1 << 20))
        with open(folder / 'model.safetensors', 'wb') as file:
            file.write(len(text).to_bytes(8, 'little') + text)
            for i in range(mib):
                base[:8] = i.to_bytes(8, 'little')
                file.write(base)
        return folder

    def measured(self, *args):
        client = self.start_plumb(*args)
        sampler = Sampler([client.pid, self.server.process.pid])
        started = time.monotonic()
        out, err = client.communicate(timeout=900)
        sampler.running = False
        self.assertEqual(client.returncode, 0, err)
        peaks = {'client': sampler.peak[client.pid], 'server': sampler.peak[self.server.process.pid]}
        print(f'{args[0]}: {time.monotonic() - started:.1f} s, ' +
              ', '.join(f'{k} {v:.0f} MiB' for k, v in peaks.items()), flush=True)
        for side, peak in peaks.items():
            self.assertLess(peak, LIMIT_MIB, f'{side} during {args[0]}')

    def test_large_model(self):
        mib = WANTED_MIB
        while mib > 256 and shutil.disk_usage(self.tmp).free < 3.2 * mib * (1 << 20):
            mib //= 2
        if mib < WANTED_MIB:
            print(f'only {mib} MiB: the disk has no room for {WANTED_MIB}', flush=True)
        folder = self.make_model(mib)
        self.measured('publish', 'lab/large@v1', folder, '--license', 'MIT', '--quiet')
        self.measured('pull', 'lab/large@v1', self.tmp / 'pulled', '--no-cache', '--quiet')
        self.measured('verify', self.tmp / 'pulled', '--quiet')

    def test_sparse_model(self):
        gib = SPARSE_GIB if shutil.disk_usage(self.tmp).free > 1.3 * SPARSE_GIB * (1 << 30) else max(1, SPARSE_GIB // 10)
        if gib < SPARSE_GIB:
            print(f'only {gib} GiB: the disk has no room for {SPARSE_GIB}', flush=True)
        folder = self.tmp / 'sparse'
        folder.mkdir()
        size, header = 256 << 20, {}
        for i in range(gib * 4):
            header[f'layers.{i}.weight'] = {'dtype': 'BF16', 'shape': [size // 2], 'data_offsets': [i * size, (i + 1) * size]}
        write_safetensors(folder / 'model.safetensors', header, b'')
        with open(folder / 'model.safetensors', 'r+b') as file:
            end = file.seek(0, os.SEEK_END) + (gib << 30)
            file.truncate(end)
            for i in range(gib * 16):  # A few bytes in every 64 MiB, so that not all chunks are the same one.
                file.seek(end - (i + 1) * (64 << 20))
                file.write(i.to_bytes(8, 'little'))
        self.measured('publish', 'lab/sparse@v1', folder, '--license', 'MIT', '--quiet')
        self.measured('pull', 'lab/sparse@v1', self.tmp / 'pulled', '--no-cache', '--quiet')
        self.measured('verify', self.tmp / 'pulled', '--quiet')


if __name__ == '__main__':
    unittest.main(verbosity=2)
