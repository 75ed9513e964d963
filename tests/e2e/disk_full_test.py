"""A full disk on either side: a clear error, nothing lost, and the repeated command works when there is room.

Needs a small file system of its own: a tmpfs, which root may mount.
"""
import os
import pathlib
import subprocess
import unittest

from harness import PlumbTest


def mount_tmpfs(folder, size):
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(folder)],
                          capture_output=True).returncode == 0


class DiskFullTest(PlumbTest):
    start_server = False

    def small_disk(self, name, size):
        folder = self.tmp / name
        if not mount_tmpfs(folder, size):
            self.skipTest('no tmpfs can be mounted here (needs root)')
        self.addCleanup(subprocess.run, ['umount', '-l', str(folder)], capture_output=True)
        return folder

    def make(self, name, size):
        folder = self.tmp / name
        folder.mkdir()
        (folder / 'data.bin').write_bytes(os.urandom(size))
        return folder

    def test_the_clients_disk(self):
        self.server = self.new_server('data')
        self.use(self.server)
        source = self.make('source', 6_000_000)
        self.plumb('publish', 'lab/large@v1', source, '--license', 'MIT')
        disk = self.small_disk('disk', '4m')
        result = self.plumb('pull', 'lab/large@v1', disk / 'pulled', '--no-cache', expect='storage')
        self.assertIn('No space left', result.err)
        self.assertFalse((disk / 'pulled' / 'data.bin').exists())
        subprocess.run(['mount', '-o', 'remount,size=32m', str(disk)], check=True)
        self.plumb('pull', 'lab/large@v1', disk / 'pulled', '--no-cache')
        self.plumb('verify', disk / 'pulled')

    def test_the_servers_disk(self):
        disk = self.small_disk('disk', '48m')
        self.server = self.new_server('disk/data')
        self.use(self.server)
        first = self.make('first', 3_000_000)
        self.plumb('publish', 'lab/first@v1', first, '--license', 'MIT')
        big = self.make('big', 60_000_000)
        result = self.plumb('publish', 'lab/big@v1', big, '--license', 'MIT', expect='network')
        self.assertRegex(result.err, '(?i)space|full')
        # What was acknowledged is still there and can be read.
        self.plumb('pull', 'lab/first@v1', self.tmp / 'a', '--no-cache')
        self.assertEqual([m['name'] for m in self.plumb('list', '--json').json['models']], ['lab/first'])
        subprocess.run(['mount', '-o', 'remount,size=200m', str(disk)], check=True)
        again = self.plumb('publish', 'lab/big@v1', big, '--license', 'MIT', '--json', expect=None)
        if again.code != 0:  # The metadata store may want a restart after an error of its disk.
            self.server.kill()
            self.server.start()
            again = self.plumb('publish', 'lab/big@v1', big, '--license', 'MIT', '--json')
        self.assertLess(again.json['uploaded_bytes'], 60_000_000, 'what was acknowledged was sent again')
        self.plumb('pull', 'lab/big@v1', self.tmp / 'b', '--no-cache')
        self.assertTrue(self.plumb('admin', 'fsck', '--json').json['ok'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
