"""Copying a registry into another: same digests, tags and yanks, only what is missing, resumable."""
import os
import subprocess
import time
import unittest

from harness import PlumbTest, flip_byte, seeded


class MirrorTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.upstream = self.server
        self.publish_family()
        self.plumb('tag', 'lab/tiny@step-1000', 'early')
        self.plumb('yank', 'lab/tiny@step-2000', '--reason', 'wrong data')
        self.copy = self.new_server('mirror')
        self.target = {'PLUMB_REGISTRY': self.copy.address, 'PLUMB_TOKEN': self.copy.admin_token}

    def sync(self, *flags, expect='done'):
        return self.plumb('mirror', 'sync', self.upstream.address, '--json', *flags, env=self.target, expect=expect)

    def state(self, env=None):
        """What a reader sees, without the times at which each registry took it up."""
        releases = self.plumb('list', 'lab/tiny', '--json', env=env).json['releases']
        return [(r['version'], r['digest'], r['yanked'], r['yank_reason'], sorted(r['tags'])) for r in releases]

    def test_the_copy_says_the_same(self):
        result = self.sync().json
        self.assertEqual(self.state(self.target), self.state())
        self.assertEqual((result['releases'], result['yanks']), (4, 1))
        self.assertTrue(self.plumb('admin', 'fsck', '--json', env=self.target).json['ok'])
        self.plumb('pull', 'lab/tiny', self.tmp / 'a', '--no-cache', env=self.target)
        self.plumb('verify', self.tmp / 'a')

    def test_a_second_sync_has_nothing_to_do(self):
        self.sync()
        again = self.sync().json
        self.assertEqual((again['events'], again['copied_chunks']), (0, 0))

    def test_only_what_is_missing_is_copied(self):
        self.sync()
        folder = self.tmp / 'more'
        folder.mkdir()
        (folder / 'extra.bin').write_bytes(os.urandom(100_000))
        self.plumb('publish', 'lab/more@v1', folder, '--license', 'MIT')
        result = self.sync().json
        self.assertEqual((result['events'], result['copied_chunks']), (1, 1))
        self.assertAlmostEqual(result['copied_bytes'], 100_000, delta=100)  # Random bytes, and what a frame adds.

    def test_a_selection(self):
        folder = self.tmp / 'other'
        folder.mkdir()
        (folder / 'x.txt').write_text('x')
        self.plumb('publish', 'other/model@v1', folder, '--license', 'MIT')
        self.sync('--select', 'other/*')
        models = [m['name'] for m in self.plumb('list', '--json', env=self.target).json['models']]
        self.assertEqual(models, ['other/model'])
        self.sync('--select', 'lab/*')
        self.assertEqual(self.state(self.target), self.state())

    def test_killed_at_random_moments_it_goes_on(self):
        random = seeded('mirror')
        for _ in range(12):
            client = self.start_plumb('mirror', 'sync', self.upstream.address, '--quiet', env=self.target)
            try:
                client.communicate(timeout=random.uniform(0.02, 0.4))
            except subprocess.TimeoutExpired:
                client.kill()
                client.communicate()
        self.sync()
        self.assertEqual(self.state(self.target), self.state())
        self.assertTrue(self.plumb('admin', 'fsck', '--json', env=self.target).json['ok'])

    def test_a_damaged_upstream_is_not_copied(self):
        flip_byte(self.upstream.largest_pack(), 100_000)
        self.sync(expect='verification')
        self.assertTrue(self.plumb('admin', 'fsck', '--json', env=self.target).json['ok'])

    def other(self, name, env=None, model=None):
        """A small release of a model of that name."""
        folder = self.tmp / f'{name}-{len(list(self.tmp.iterdir()))}'
        folder.mkdir()
        (folder / 'data.dat').write_bytes(os.urandom(50_000))
        self.plumb('publish', f'{model or f"other/{name}"}@v1', folder, '--license', 'MIT', env=env)
        return folder

    def test_one_release_that_cannot_be_copied_stops_no_other(self):
        self.other('taken', env=self.target)
        self.other('taken')
        self.plumb('tag', 'other/taken@v1', 'stable')
        self.other('next')
        self.plumb('tag', 'other/next@v1', 'stable')
        first = self.sync(expect='failed')
        self.assertIn('event', first.err)
        self.assertIn('other/taken@v1', first.err)
        failed = first.json['failed']
        self.assertEqual([f['model'] for f in failed], ['other/taken', 'other/taken'])
        names = {m['name'] for m in self.plumb('list', '--json', env=self.target).json['models']}
        self.assertEqual(names, {'lab/tiny', 'other/next', 'other/taken'})
        self.assertEqual(self.state(self.target), self.state())
        # It is tried again, and alone.
        self.other('later')
        second = self.sync(expect='failed').json
        self.assertEqual((second['events'], second['releases'], len(second['failed'])), (1, 1, 2))
        self.plumb('pull', 'other/later', self.tmp / 'later', '--no-cache', env=self.target)

    def test_what_was_damaged_is_copied_when_it_is_mended(self):
        pack = self.upstream.largest_pack()
        flip_byte(pack, 100_000)
        self.other('sound')
        failed = self.sync(expect='verification').json['failed']
        self.assertGreaterEqual(len(failed), 1)
        self.plumb('pull', 'other/sound', self.tmp / 'sound', '--no-cache', env=self.target)
        flip_byte(pack, 100_000)
        again = self.sync().json
        self.assertEqual(again['failed'], [])
        # What came late stands later in the copy's list.
        self.assertEqual(sorted(self.state(self.target)), sorted(self.state()))
        self.assertEqual(self.sync().json['events'], 0)

    def test_a_registry_does_not_mirror_itself(self):
        self.plumb('mirror', 'sync', self.upstream.address, expect='usage')

    def test_without_the_right_it_says_so(self):
        self.target['PLUMB_TOKEN'] = ''
        self.sync(expect='permission')


if __name__ == '__main__':
    unittest.main(verbosity=2)
