"""Containers and network file systems: a home that cannot be written, no home, no locks, little room."""
import os
import shutil
import subprocess
import unittest

from harness import BIN, EXIT, FAMILY, PlumbTest, Result

NO_LOCKS = r'''
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
int flock(int fd, int operation) {
  if (getenv("FLOCK_OK")) return 0;
  errno = ENOSYS;
  return -1;
}
'''


class PoorHomeTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.tmp.chmod(0o755)
        self.plumb('publish', 'lab/tiny@v1', FAMILY / 'step-0', '--license', 'MIT', '--quiet')

    def plumb_as_nobody(self, *args, env=None, without=(), expect='done'):
        """Runs plumb as a user who owns nothing but `out`."""
        if os.geteuid() != 0 or not shutil.which('setpriv'):
            self.skipTest('needs root, to become somebody else')
        out = self.tmp / 'out'
        out.mkdir(exist_ok=True)
        out.chmod(0o777)
        merged = {k: v for k, v in {**self.env, **(env or {})}.items() if k not in without}
        command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', str(BIN / 'plumb'),
                   *map(str, args)]
        result = Result(subprocess.run(command, env=merged, capture_output=True, text=True, timeout=120))
        self.assertEqual(result.code, EXIT[expect], f'{args}\nstdout: {result.out}\nstderr: {result.err}')
        return result

    def test_a_home_that_cannot_be_written(self):
        result = self.plumb_as_nobody('pull', 'lab/tiny', self.tmp / 'out/a')
        self.assertEqual(result.err.count('going on without the cache'), 1)
        self.plumb('verify', self.tmp / 'out/a')
        self.plumb_as_nobody('smoke', 'lab/tiny', '--backend', 'reference')
        self.plumb_as_nobody('diff', 'lab/tiny', self.tmp / 'out/a')

    def test_no_home_at_all(self):
        without = ('HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME')
        result = self.plumb_as_nobody('pull', 'lab/tiny', self.tmp / 'out/a', without=without)
        self.assertEqual(result.err.count('going on without the cache'), 1)
        self.plumb_as_nobody('smoke', 'lab/tiny', '--backend', 'reference', without=without)

    def test_a_filled_cache_is_read_where_it_cannot_be_written(self):
        self.plumb('smoke', 'lab/tiny', '--backend', 'reference')
        subprocess.run(['chmod', '-R', 'a+rX,a-w', str(self.tmp / 'home')], check=True)
        self.addCleanup(subprocess.run, ['chmod', '-R', 'u+w', str(self.tmp / 'home')])
        result = self.plumb_as_nobody('pull', 'lab/tiny', self.tmp / 'out/a', '--json')
        self.assertEqual(result.json['downloaded_bytes'], 0)
        self.plumb_as_nobody('smoke', 'lab/tiny', '--backend', 'reference')

    def test_a_cache_that_is_a_file(self):
        (self.tmp / 'file').write_text('')
        result = self.plumb('pull', 'lab/tiny', self.tmp / 'a', env={'PLUMB_CACHE': str(self.tmp / 'file')})
        self.assertIn('going on without the cache', result.err)

    def test_a_configuration_that_cannot_be_read(self):
        folder = self.tmp / 'home/config/plumb'
        folder.mkdir(parents=True)
        (folder / 'config.toml').write_text('')
        (folder / 'config.toml').chmod(0)
        result = self.plumb_as_nobody('pull', 'lab/tiny', self.tmp / 'out/a')
        self.assertIn('configuration is left out', result.err)

    def test_a_target_that_may_not_be_written(self):
        (self.tmp / 'mine').mkdir()
        result = self.plumb_as_nobody('pull', 'lab/tiny', self.tmp / 'mine', expect='storage')
        self.assertIn('You may not write there', result.err)

    def test_a_file_system_without_locks(self):
        if not shutil.which('cc'):
            self.skipTest('no compiler')
        (self.tmp / 'locks.c').write_text(NO_LOCKS)
        subprocess.run(['cc', '-shared', '-fPIC', '-o', self.tmp / 'locks.so', self.tmp / 'locks.c'], check=True)
        env = {'LD_PRELOAD': str(self.tmp / 'locks.so'),
               'ASAN_OPTIONS': 'verify_asan_link_order=0'}
        result = self.plumb('pull', 'lab/tiny', self.tmp / 'a', env=env)
        self.assertEqual(result.err.count('going on without a lock'), 1)
        self.plumb('verify', self.tmp / 'a')
        # Where every lock succeeds, several pulls may work in one folder: none of them fails, and it is whole.
        pulls = [self.start_plumb('pull', '--no-cache', 'lab/tiny', self.tmp / 'b', env={**env, 'FLOCK_OK': '1'})
                 for _ in range(4)]
        for process in pulls:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
        self.plumb('verify', self.tmp / 'b')

    def test_the_whole_need_is_looked_at_first(self):
        disk = self.tmp / 'disk'
        disk.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], capture_output=True).returncode:
            self.skipTest('no tmpfs can be mounted here (needs root)')
        self.addCleanup(subprocess.run, ['umount', '-l', str(disk)], capture_output=True)
        source = self.tmp / 'source'
        source.mkdir()
        for name, size in (('a.bin', 3_000_000), ('b.bin', 3_500_000)):
            (source / name).write_bytes(os.urandom(size))
        self.plumb('publish', 'lab/large@v1', source, '--license', 'MIT', '--quiet')
        result = self.plumb('pull', 'lab/large', disk / 'o', '--no-cache', expect='storage')
        for piece in ('6.2 MiB', 'b.bin', str(disk), 'nothing was fetched', 'free'):
            self.assertIn(piece, result.err)
        self.assertEqual([p.name for p in (disk / 'o').rglob('*.bin')], [])
        self.assertIn('there is no room', self.plumb('pull', 'lab/large', disk / 'o', '--no-cache', '--dry-run').err)
        # One of the two has room, and then the other does not.
        self.plumb('pull', 'lab/large', disk / 'o', '--no-cache', '--file', 'a.bin')
        self.plumb('pull', 'lab/large', disk / 'o', '--no-cache', '--file', 'a.bin')
        self.plumb('pull', 'lab/large', disk / 'o', '--no-cache', expect='storage')


if __name__ == '__main__':
    unittest.main(verbosity=2)
