"""Pulling into the folders that people have: their own files, an earlier release's, one file, no change at all."""
import os
import time
import unittest

from harness import PlumbTest


class PullFolderTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.publish('v1', {'README.md': 'theirs\n', 'config.json': '{"a": 1}\n', 'w/model.bin': os.urandom(1_500_000),
                            'w/old.bin': b'old'}, '--license', 'Apache-2.0')
        self.publish('v2', {'README.md': 'theirs, again\n', 'config.json': '{"a": 1}\n', 'new.txt': 'new\n'})
        self.out = self.tmp / 'out'

    def publish(self, version, files, *flags):
        folder = self.tmp / version
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.plumb('publish', f'lab/t@{version}', folder, '--quiet', *flags)

    def names(self):
        return sorted(str(p.relative_to(self.out)) for p in self.out.rglob('*')
                      if p.is_file() and '.plumb' not in p.parts)

    def test_a_persons_own_files_are_not_replaced(self):
        self.out.mkdir()
        (self.out / 'README.md').write_text('mine\n')
        (self.out / 'config.json').write_text('{"a": 1}\n')
        (self.out / 'notes.txt').write_text('mine too\n')
        result = self.plumb('pull', 'lab/t@v1', self.out, expect='policy')
        self.assertIn('README.md (other bytes)', result.err)
        self.assertNotIn('config.json', result.err)
        self.assertIn('--into', result.err)
        self.assertEqual(self.names(), ['README.md', 'config.json', 'notes.txt'])
        self.assertFalse((self.out / '.plumb').exists())
        self.assertEqual((self.out / 'README.md').read_text(), 'mine\n')
        self.plumb('pull', 'lab/t@v1', self.out, '--into')
        self.assertEqual((self.out / 'README.md').read_text(), 'theirs\n')
        self.assertEqual((self.out / 'notes.txt').read_text(), 'mine too\n')
        verified = self.plumb('verify', self.out, '--json').json
        self.assertTrue(verified['ok'])
        self.assertEqual(verified['extra'], ['notes.txt'])
        # From now on it is a pulled folder: a damaged file is mended without a question.
        (self.out / 'README.md').write_text('damage')
        self.plumb('pull', 'lab/t@v1', self.out)

    def test_other_files_do_no_harm(self):
        self.out.mkdir()
        (self.out / 'notes.txt').write_text('mine\n')
        (self.out / 'link').symlink_to('/nowhere')
        self.plumb('pull', 'lab/t@v1', self.out)
        self.assertEqual(self.plumb('verify', self.out, '--json').json['extra'], ['link', 'notes.txt'])

    def test_files_of_an_earlier_release_go(self):
        self.plumb('pull', 'lab/t@v1', self.out)
        result = self.plumb('pull', 'lab/t@v2', self.out, '--json')
        self.assertEqual(result.json['removed'], ['w/model.bin', 'w/old.bin'])
        self.assertEqual(result.json['kept'], [])
        self.assertEqual(self.names(), ['README.md', 'config.json', 'new.txt'])
        self.assertFalse((self.out / 'w').exists())
        self.assertEqual(self.plumb('verify', self.out, '--json').json['extra'], [])

    def test_what_somebody_changed_stays(self):
        self.plumb('pull', 'lab/t@v1', self.out)
        (self.out / 'w/old.bin').write_bytes(b'OLD')
        result = self.plumb('pull', 'lab/t@v2', self.out)
        self.assertRegex(result.err, 'stayed: w/old.bin')
        self.assertEqual(self.names(), ['README.md', 'config.json', 'new.txt', 'w/old.bin'])
        self.assertEqual(self.plumb('verify', self.out, '--json').json['extra'], ['w/old.bin'])

    def test_a_part_of_a_newer_release_leaves_nothing_of_the_older(self):
        self.plumb('pull', 'lab/t@v1', self.out)
        self.plumb('pull', 'lab/t@v2', self.out, '--include', 'new.txt')
        # The config is the same in both and counts as pulled; the other README does not stay beside it.
        self.assertEqual(self.names(), ['config.json', 'new.txt'])
        self.assertEqual([f['path'] for f in self.plumb('verify', self.out, '--json').json['files']],
                         ['config.json', 'new.txt'])

    def test_killed_between_two_releases(self):
        self.plumb('pull', 'lab/t@v1', self.out)
        process = self.start_plumb('pull', 'lab/t@v2', self.out, '--max-rate', '20')
        time.sleep(0.5)
        process.kill()
        process.communicate()
        self.plumb('pull', 'lab/t@v2', self.out)
        self.assertEqual(self.names(), ['README.md', 'config.json', 'new.txt'])

    def test_one_file(self):
        self.plumb('pull', 'lab/t@v1', self.out, '--file', 'w/old.bin')
        self.assertEqual(self.names(), ['w/old.bin'])
        result = self.plumb('pull', 'lab/t@v1', self.out, '--file', 'old.bin', expect='not found')
        self.assertIn('did you mean w/old.bin?', result.err)

    def test_no_match_says_what_there_is(self):
        result = self.plumb('pull', 'lab/t@v1', self.out, '--include', '*.gguf', expect='not found')
        self.assertIn('README.md, config.json, w/model.bin, w/old.bin', result.err)
        self.assertIn('plumb files lab/t@v1', result.err)
        self.assertFalse(self.out.exists())
        result = self.plumb('pull', 'lab/t@v1', self.out, '--include', '*.gguf', '--include', '*.json')
        self.assertIn('"*.gguf" matches no file', result.err)

    def test_a_dry_run_changes_nothing(self):
        forecast = self.plumb('pull', 'lab/t@v1', self.out, '--dry-run', '--json').json
        self.assertFalse(self.out.exists())
        self.assertEqual(forecast['bytes'], forecast['fetch_bytes'])
        self.assertEqual(forecast['license'], 'Apache-2.0')
        self.assertGreaterEqual(forecast['disk_bytes'], 1_500_000)
        self.assertGreater(forecast['free_bytes'], 0)
        self.assertEqual({f['source'] for f in forecast['files']}, {'fetch'})
        self.plumb('pull', 'lab/t@v1', self.out)
        before = (self.out / '.plumb/release.json').read_bytes()
        (self.out / 'w/old.bin').write_bytes(b'OLD')
        forecast = self.plumb('pull', 'lab/t@v1', self.out, '--no-cache', '--dry-run', '--json').json
        self.assertEqual({f['path']: f['source'] for f in forecast['files'] if f['source'] != 'here'},
                         {'w/old.bin': 'fetch'})
        self.assertEqual(forecast['fetch_bytes'], 3)
        forecast = self.plumb('pull', 'lab/t@v2', self.out, '--dry-run', '--json').json
        self.assertEqual(forecast['would_remove'], ['w/model.bin', 'w/old.bin'])
        self.assertEqual((self.out / '.plumb/release.json').read_bytes(), before)
        own = self.tmp / 'own'
        own.mkdir()
        (own / 'README.md').write_text('mine\n')
        self.assertEqual(self.plumb('pull', 'lab/t@v1', own, '--dry-run', '--json').json['in_the_way'],
                         ['README.md (other bytes)'])

    def test_the_licence_is_said(self):
        self.assertIn('Apache-2.0 (open source)', self.plumb('pull', 'lab/t@v1', self.out).out)
        self.assertIn('none stated', self.plumb('pull', 'lab/t@v2', self.tmp / 'b').out)
        self.assertEqual(self.plumb('pull', 'lab/t@v2', self.tmp / 'b', '--json').json['license'], '')

    def test_whether_a_folder_is_outdated(self):
        self.plumb('tag', 'lab/t@v1', 'stable')
        self.plumb('pull', 'lab/t:stable', self.out)
        status = self.plumb('status', self.out, '--json').json
        self.assertEqual((status['version'], status['outdated'], status['modified'], status['followed']),
                         ('v1', False, False, 'lab/t:stable'))
        self.plumb('tag', 'lab/t@v2', 'stable')
        self.plumb('yank', 'lab/t@v1', '--reason', 'wrong')
        (self.out / 'w/old.bin').write_bytes(b'OLD')
        (self.out / 'config.json').unlink()
        (self.out / 'mine.txt').write_text('')
        status = self.plumb('status', self.out, '--json').json
        self.assertTrue(status['outdated'])
        self.assertEqual((status['newest']['version'], status['yanked'], status['yank_reason']), ('v2', True, 'wrong'))
        self.assertEqual((status['changed'], status['missing'], status['extra']),
                         (['w/old.bin'], ['config.json'], ['mine.txt']))
        text = self.plumb('status', self.out)
        self.assertIn('outdated: lab/t:stable is lab/t@v2 now', text.out)
        self.assertIsNone(self.plumb('status', self.out, '--offline', '--json').json['outdated'])
        self.plumb('status', self.tmp / 'v1', expect='not found')

    def test_local_errors_have_their_own_code_and_advice(self):
        (self.tmp / 'file').write_text('')
        result = self.plumb('pull', 'lab/t@v1', self.tmp / 'file', expect='storage')
        self.assertIn('Something else stands', result.err)
        self.plumb('pull', 'lab/t@v1', self.tmp / 'file' / 'below', expect='storage')
        result = self.plumb('pull', 'lab/t@v1', self.tmp / ('n' * 300), expect='storage')
        self.assertIn('name so long', result.err)
        self.out.mkdir()
        (self.out / 'w').write_text('a file where a folder must be')
        self.assertIn('w (a file where a folder must be)',
                      self.plumb('pull', 'lab/t@v1', self.out, '--into', expect='policy').err)


if __name__ == '__main__':
    unittest.main(verbosity=2)
