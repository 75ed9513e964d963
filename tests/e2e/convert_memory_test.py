"""Memory does not grow with the model: `plumb convert` of 4 GiB stays under 200 MiB, copied or converted.

Resident memory without the file cache, sampled, as in memory_test.py. PLUMB_CONVERT_MIB sets the size (4096) of the
source, a sparse file of two tensors; where the disk has no room for the result a smaller one is used, and said so.
"""
import os
import shutil
import time
import unittest

from harness import PlumbTest, write_safetensors
from memory_test import Sampler

LIMIT_MIB = 200
WANTED_MIB = int(os.environ.get('PLUMB_CONVERT_MIB', '4096'))


class ConvertMemoryTest(PlumbTest):
    start_server = False

    def test_large_model(self):
        mib = WANTED_MIB
        while mib > 256 and shutil.disk_usage(self.tmp).free < 1.2 * mib * (1 << 20):
            mib //= 2
        if mib < WANTED_MIB:
            print(f'only {mib} MiB: the disk has no room for {WANTED_MIB}', flush=True)
        half, rows = mib << 19, (mib << 19) // 16384
        path = self.tmp / 'large.safetensors'
        write_safetensors(path, {name: {'dtype': 'F32', 'shape': [rows, 4096], 'data_offsets': [i * half, (i + 1) * half]}
                                 for i, name in enumerate('ab')}, b'')
        os.truncate(path, path.stat().st_size + 2 * half)
        for name, *flags in (('a.pt',), ('a.gguf', '--dtype', 'q8_0'), ('a.npz', '--dtype', 'f16')):
            client = self.start_plumb('convert', path, self.tmp / name, *flags, '--quiet')
            sampler = Sampler([client.pid])
            started = time.monotonic()
            _, err = client.communicate(timeout=900)
            sampler.running = False
            self.assertEqual(client.returncode, 0, err)
            peak = sampler.peak[client.pid]
            print(f'{name} {" ".join(flags)}: {time.monotonic() - started:.1f} s, {peak:.0f} MiB', flush=True)
            self.assertLess(peak, LIMIT_MIB, name)
            (self.tmp / name).unlink()


if __name__ == '__main__':
    unittest.main(verbosity=2)
