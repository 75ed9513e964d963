"""Without a network: what is here is used, said from when it is, and listed; nothing moves silently."""
import os
import unittest

from harness import FAMILY, PlumbTest


class OfflineTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.plumb('publish', 'lab/tiny@v1', FAMILY / 'step-0', '--license', 'MIT', '--tag', 'latest', '--quiet')
        self.out = self.tmp / 'out'

    def lose_the_network(self):
        self.server.kill()
        self.env['PLUMB_OFFLINE'] = '1'

    def test_a_complete_folder(self):
        self.plumb('pull', 'lab/tiny', self.out, '--no-cache')
        digest = self.plumb('show', 'lab/tiny', '--json', env={'XDG_CACHE_HOME': str(self.tmp / 'other')}).json['digest']
        self.lose_the_network()
        for reference in ('lab/tiny', 'lab/tiny@v1', f'lab/tiny@{digest}'):
            result = self.plumb('pull', reference, self.out, '--json').json
            self.assertEqual((result['digest'], result['downloaded_bytes']), (digest, 0))
        self.plumb('pull', 'lab/tiny@v2', self.out, expect='not found')
        (self.out / 'config.json').unlink()
        result = self.plumb('pull', 'lab/tiny', self.out, '--no-cache', expect='not found')
        self.assertIn('config.json', result.err)
        self.plumb('pull', 'lab/tiny', self.out)  # The pulls before put it into the cache.

    def test_everything_out_of_the_cache(self):
        self.plumb('pull', 'lab/tiny', self.out)
        digest = self.plumb('list', 'lab/tiny', '--json').json['releases'][0]['digest']
        self.lose_the_network()
        result = self.plumb('pull', 'lab/tiny', self.tmp / 'a')
        self.assertRegex(result.err, r'Offline: lab/tiny is lab/tiny@v1, as 127\.0\.0\.1:\d+ said on 20\d\d-')
        self.plumb('verify', self.tmp / 'a')
        self.plumb('pull', f'lab/tiny@{digest}', self.tmp / 'b')
        self.plumb('smoke', 'lab/tiny@v1', '--backend', 'reference')
        self.plumb('diff', 'lab/tiny@v1', self.tmp / 'a')
        self.assertEqual(len(self.plumb('inspect', 'lab/tiny', '--json').json['containers']),
                         len(self.plumb('inspect', self.tmp / 'a', '--json').json['containers']))
        self.assertEqual(self.plumb('show', 'lab/tiny', '--json').json['digest'], digest)
        self.plumb('files', 'lab/tiny')
        self.assertEqual(self.plumb('cat', 'lab/tiny', 'config.json').out, (self.out / 'config.json').read_text())
        # What would need a registry says so.
        result = self.plumb('list', 'lab/', expect='network')
        self.assertIn('offline', result.err)
        result = self.plumb('pull', 'lab/tiny:stable', self.tmp / 'c', expect='not found')
        self.assertIn('plumb cache list', result.err)

    def test_a_version_goes_on_without_the_registry_and_a_tag_does_not_move(self):
        self.plumb('pull', 'lab/tiny', self.out)
        self.server.kill()
        result = self.plumb('pull', 'lab/tiny@v1', self.tmp / 'a')
        self.assertRegex(result.err, 'cannot reach the registry.*lab/tiny@v1 is taken from what is here')
        result = self.plumb('pull', 'lab/tiny', self.tmp / 'b', expect='network')
        self.assertIn('--offline', result.err)
        self.plumb('pull', 'lab/tiny', self.tmp / 'b', '--offline')

    def test_a_part_is_not_all(self):
        self.plumb('pull', 'lab/tiny', self.out, '--include', '*.json')
        self.lose_the_network()
        self.plumb('pull', 'lab/tiny', self.tmp / 'a', '--include', '*.json')
        result = self.plumb('pull', 'lab/tiny', self.tmp / 'b', expect='not found')
        self.assertRegex(result.err, r'of the \d+ files of lab/tiny@v1 .* are neither in .* nor in the cache')
        self.assertFalse((self.tmp / 'b').exists())

    def test_the_list_and_rm(self):
        self.plumb('pull', 'lab/tiny', self.out)
        folder = self.tmp / 'source'
        folder.mkdir()
        (folder / 'x.bin').write_bytes(os.urandom(100_000))
        (folder / 'config.json').write_bytes((FAMILY / 'step-0' / 'config.json').read_bytes())
        self.plumb('publish', 'lab/other@v1', folder, '--license', 'MIT', '--quiet')
        self.plumb('pull', 'lab/other', self.tmp / 'other', '--exclude', 'config.json')
        releases = {r['model']: r for r in self.plumb('cache', 'list', '--json').json['releases']}
        self.assertEqual(releases['lab/tiny']['bytes_here'], releases['lab/tiny']['bytes'])
        self.assertEqual(releases['lab/other']['version'], 'v1')
        self.assertRegex(self.plumb('cache', 'list').out, r'lab/tiny@v1')
        gone = self.plumb('cache', 'rm', 'lab/other@v1', '--json').json
        self.assertEqual((gone['files'], gone['bytes']), (1, 100_000))  # The config is the other's too.
        self.plumb('cache', 'rm', 'lab/other@v1', expect='not found')
        self.plumb('cache', 'rm', 'lab/tiny')
        self.assertEqual(self.plumb('cache', '--json').json['files'], 0)
        self.plumb('verify', self.out)
        self.lose_the_network()
        self.plumb('pull', 'lab/tiny', self.tmp / 'c', expect='not found')


if __name__ == '__main__':
    unittest.main(verbosity=2)
