"""Files of one release with the same bytes: fetched once, whole under every name, mended from each other."""
import os
import time
import unittest

from harness import FAMILY, PlumbTest, flip_byte


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*'))
            if p.is_file() and '.plumb' not in p.relative_to(folder).parts}


class EqualFilesTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.source = self.tmp / 'source'
        for name in ('a', 'b'):
            (self.source / name).mkdir(parents=True)
        self.bytes = os.urandom(3_000_000)
        for name in ('a/w.bin', 'b/w.bin', 'c.bin'):
            (self.source / name).write_bytes(self.bytes)
        for name in ('a/tokenizer_config.json', 'b/tokenizer_config.json'):
            (self.source / name).write_text('{"x": 1}\n')
        for name in ('a/__init__.py', 'b/__init__.py', '__init__.py'):
            (self.source / name).write_bytes(b'')
        for number in range(200):
            (self.source / f'b/part-{number:03}.txt').write_text('the same\n')
        self.want = tree(self.source)
        self.plumb('publish', 'lab/twins@v1', self.source, '--license', 'MIT', '--quiet')

    def pull(self, name, *flags, expect='done'):
        result = self.plumb('pull', 'lab/twins@v1', self.tmp / name, '--json', *flags, expect=expect)
        return result.json if expect == 'done' else result

    def test_each_is_fetched_once(self):
        total = sum(map(len, self.want.values()))
        for name, flags in (('plain', ()), ('again', ()), ('alone', ('--no-cache',)), ('one', ('--streams', 1, '--no-cache'))):
            result = self.pull(name, *flags)
            self.assertEqual(result['bytes'], total)
            fetched = 0 if name == 'again' else sum(map(len, set(self.want.values())))
            self.assertEqual(result['bytes'] - result['reused_bytes'], fetched)
            self.assertLess(result['downloaded_bytes'], len(self.bytes) * 1.1)
            self.assertEqual(tree(self.tmp / name), self.want)
            self.plumb('verify', self.tmp / name)
        for name in ('a/w.bin', 'b/w.bin', 'c.bin'):  # Without a cache every file is its owner's alone.
            self.assertEqual((self.tmp / 'alone' / name).stat().st_nlink, 1)

    def test_a_damaged_one_is_mended_from_the_good_one(self):
        self.pull('o', '--no-cache')
        flip_byte(self.tmp / 'o/b/w.bin', 1_500_000)
        (self.tmp / 'o/a/tokenizer_config.json').unlink()
        result = self.pull('o', '--no-cache')
        self.assertEqual(result['downloaded_bytes'], 0)
        self.assertEqual(tree(self.tmp / 'o'), self.want)

    def test_killed_at_any_moment_it_goes_on(self):
        for round_number in range(6):
            process = self.start_plumb('pull', 'lab/twins@v1', self.tmp / 'o', '--no-cache', '--max-rate', '20MB')
            time.sleep(0.02 + 0.03 * round_number)
            process.kill()
            process.communicate()
        self.pull('o', '--no-cache')
        self.assertEqual(tree(self.tmp / 'o'), self.want)
        self.assertEqual(list((self.tmp / 'o/.plumb/partial').iterdir()), [])

    def test_commands_that_take_a_reference(self):
        self.plumb('diff', 'lab/twins@v1', 'lab/twins@v1')
        self.plumb('inspect', '--stats', 'lab/twins@v1')
        model = self.copy_of(FAMILY / 'step-0', 'model')
        (model / 'config-copy.json').write_bytes((model / 'config.json').read_bytes())
        self.plumb('publish', 'lab/tiny@v1', model, '--license', 'MIT', '--quiet')
        self.plumb('smoke', 'lab/tiny@v1', '--backend', 'reference')
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'p', '--smoke', '--no-cache')

    def test_a_mirror_has_them_all(self):
        mirror = self.new_server('mirror')
        upstream = self.env['PLUMB_REGISTRY']
        self.use(mirror)
        self.plumb('mirror', 'sync', upstream)
        self.pull('o', '--no-cache')
        self.assertEqual(tree(self.tmp / 'o'), self.want)


if __name__ == '__main__':
    unittest.main(verbosity=2)
