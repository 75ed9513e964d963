"""The main job on a real model family: publish, list, show, pull, verify, repair, smoke, diff, tags, yanks, cache."""
import hashlib
import json
import math
import os
import pathlib
import shutil
import stat
import unittest

from harness import FAMILY, RECIPE, PlumbTest, flip_byte

STEP = FAMILY / 'step-3000'


class MainJobTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.publish_family()

    def pull(self, reference='lab/tiny', name='pulled', *flags):
        return self.plumb('pull', reference, self.tmp / name, '--json', *flags).json

    def test_publish_says_what_it_did_and_can_be_repeated(self):
        again = self.plumb('publish', 'lab/tiny@step-3000', STEP, '--kind', 'checkpoint', '--step', 3000, '--parent',
                           'lab/tiny@step-2000', '--license', 'Apache-2.0', '--recipe', RECIPE, '--json').json
        self.assertEqual(set(again), {'model', 'version', 'digest', 'bytes', 'new_chunks', 'uploaded_bytes', 'kind', 'facts',
                                      'left_out'})
        self.assertEqual((again['new_chunks'], again['uploaded_bytes']), (0, 0))
        events = self.plumb('events', '--json').json['events']
        self.assertEqual([e['kind'] for e in events].count('publish'), 4)

    def test_only_new_chunks_are_sent(self):
        other = self.copy_of(STEP)
        flip_byte(other / 'model.safetensors', 3_000_000)
        result = self.plumb('publish', 'lab/tiny@changed', other, '--license', 'Apache-2.0', '--no-smoke', '--json').json
        self.assertLessEqual(result['new_chunks'], 2)
        self.assertLess(result['uploaded_bytes'], 1_100_000)

    def test_checkpoints_with_step_loss_and_parent(self):
        releases = self.plumb('list', 'lab/tiny', '--checkpoints', '--json').json['releases']
        self.assertEqual([r['checkpoint']['step'] for r in releases], [0, 1000, 2000, 3000])
        losses = [r['checkpoint']['loss'] for r in releases]
        self.assertAlmostEqual(losses[0], 5.545588)
        self.assertAlmostEqual(losses[3], 1.524413)
        self.assertEqual([r['parent'] for r in releases[1:]], [r['digest'] for r in releases[:-1]])
        table = self.plumb('list', 'lab/tiny', '--checkpoints').out
        for word in ('STEP', 'LOSS', 'PARENT', '1.5244', 'step-2000'):
            self.assertIn(word, table)

    def test_pull_gives_the_publishers_bytes(self):
        result = self.pull()
        self.assertEqual(set(result), {'model', 'version', 'digest', 'license', 'bytes', 'downloaded_bytes', 'reused_bytes',
                                       'files', 'removed', 'kept', 'seconds'})
        for path in STEP.iterdir():
            self.assertEqual((self.tmp / 'pulled' / path.name).read_bytes(), path.read_bytes(), path.name)
        self.assertEqual(self.plumb('verify', self.tmp / 'pulled', '--json').json['ok'], True)

    def test_recorded_case_for_weights_without_golden(self):
        files = {f['path']: f for f in self.plumb('files', 'lab/tiny', '--json').json['files']}
        self.assertTrue(files['smoke/model-bf16.golden']['generated'])
        self.assertFalse(files['golden.safetensors']['generated'])

    def test_pull_by_version_tag_and_digest_is_the_same(self):
        digest = self.pull('lab/tiny@step-3000', 'a')['digest']
        self.assertEqual(self.pull('lab/tiny:latest', 'b')['digest'], digest)
        self.assertEqual(self.pull(f'lab/tiny@{digest}', 'c')['digest'], digest)
        self.assertEqual(self.pull(f'{self.server.address}/lab/tiny', 'd')['digest'], digest)

    def test_include_and_exclude(self):
        self.pull('lab/tiny', 'some', '--include', '*.json', '--exclude', 'tokenizer*')
        visible = {p.name for p in (self.tmp / 'some').iterdir() if p.name != '.plumb'}
        self.assertEqual(visible, {'config.json'})
        self.plumb('verify', self.tmp / 'some')
        self.pull('lab/tiny', 'some', '--include', 'tokenizer.json')
        verified = self.plumb('verify', self.tmp / 'some', '--json').json
        self.assertEqual([f['path'] for f in verified['files']], ['config.json', 'tokenizer.json'])

    def test_second_folder_comes_from_the_cache(self):
        self.pull('lab/tiny', 'one')
        second = self.pull('lab/tiny', 'two')
        self.assertEqual(second['downloaded_bytes'], 0)
        self.assertEqual(second['reused_bytes'], second['bytes'])
        usage = self.plumb('cache', '--json').json
        self.assertGreater(usage['files'], 3)
        self.plumb('cache', 'prune', '--all')
        self.assertEqual(self.plumb('cache', '--json').json['files'], 0)
        self.plumb('verify', self.tmp / 'two')

    def test_a_damaged_cache_is_not_believed(self):
        self.pull('lab/tiny', 'one')
        shutil.rmtree(self.tmp / 'one')
        for path in (pathlib.Path(self.env['XDG_CACHE_HOME']) / 'plumb' / 'files').rglob('*'):
            if path.is_file() and path.stat().st_size > 100_000:
                path.chmod(0o644)
                flip_byte(path, 50_000)
        result = self.pull('lab/tiny', 'two')
        self.assertGreater(result['downloaded_bytes'], 0)
        self.plumb('verify', self.tmp / 'two')

    def test_a_wrong_byte_is_named_and_its_range_alone_is_fetched(self):
        self.pull('lab/tiny', 'pulled', '--no-cache')
        weights = self.tmp / 'pulled' / 'model.safetensors'
        flip_byte(weights, 1_000_000)
        found = self.plumb('verify', self.tmp / 'pulled', '--json', expect='verification').json
        self.assertEqual((set(found), found['extra']), ({'ok', 'files', 'extra'}, []))
        bad = [f for f in found['files'] if not f['ok']]
        self.assertEqual([f['path'] for f in bad], ['model.safetensors'])
        (begin, end), = bad[0]['bad_ranges']
        self.assertTrue(begin <= 1_000_000 < end and end - begin <= 1 << 20)
        text = self.plumb('verify', self.tmp / 'pulled', expect='verification')
        self.assertIn('plumb pull', text.out + text.err)
        mended = self.pull('lab/tiny', 'pulled', '--no-cache')
        self.assertLess(mended['downloaded_bytes'], end - begin)  # It travels compressed.
        self.plumb('verify', self.tmp / 'pulled')

    def test_missing_short_and_long_files_are_seen(self):
        self.pull()
        folder = self.tmp / 'pulled'
        (folder / 'config.json').unlink()
        with open(folder / 'tokenizer.json', 'ab') as file:
            file.write(b'x')
        os.truncate(folder / 'golden.safetensors', 1000)
        bad = {f['path'] for f in self.plumb('verify', folder, '--json', expect='verification').json['files'] if not f['ok']}
        self.assertEqual(bad, {'config.json', 'tokenizer.json', 'golden.safetensors'})
        self.pull()
        self.plumb('verify', folder)

    def test_smoke_agrees_on_every_backend(self):
        self.pull()
        report = self.plumb('smoke', self.tmp / 'pulled', '--json').json
        self.assertEqual(report['verdict'], 'pass')
        backends = {b['name']: b for b in report['backends']}
        self.assertLessEqual({'reference', 'onednn'}, set(backends))
        backends = {name: b for name, b in backends.items() if b['verdict'] != 'not available'}
        for backend in backends.values():
            self.assertLessEqual({'name', 'verdict', 'nmse', 'max_kl', 'top1_agreement', 'coverage', 'seconds', 'peak_bytes'},
                                 set(backend))
            self.assertEqual(backend['verdict'], 'pass')
            self.assertLessEqual(backend['nmse'], 1e-9)
            self.assertEqual(backend['top1_agreement'], 1)
        print('smoke:', {b: backends[b]['nmse'] for b in backends}, flush=True)
        by_reference = self.plumb('smoke', 'lab/tiny', '--backend', 'reference', '--json').json
        self.assertEqual([b['name'] for b in by_reference['backends']], ['reference'])

    def test_smoke_sees_a_changed_configuration(self):
        self.pull()
        config = self.tmp / 'pulled' / 'config.json'
        changed = json.loads(config.read_text()) | {'activation_function': 'gelu_new'}
        config.unlink()
        config.write_text(json.dumps(changed))
        result = self.plumb('smoke', self.tmp / 'pulled', expect='smoke')
        self.assertIn('model', result.out + result.err)

    def test_diff_says_what_differs(self):
        diff = self.plumb('diff', 'lab/tiny@step-1000', 'lab/tiny@step-2000', '--json').json
        changed = {t['name']: t for t in diff['tensors'] if t['path'] == 'model.safetensors'}
        self.assertIn('transformer.wte.weight', changed)
        norm = changed['transformer.wte.weight']['difference_l2']
        self.assertTrue(0 < norm < 100 and math.isfinite(norm))
        self.assertGreater(diff['same_files'], 0)
        same = self.plumb('diff', 'lab/tiny@step-1000', 'lab/tiny@step-1000', '--json').json
        self.assertEqual((same['files'], same['tensors']), ([], []))

    def test_recipe_is_shown_with_what_follows_from_it(self):
        shown = self.plumb('show', 'lab/tiny', '--recipe').out
        for word in ('842496', '12288000', 'AdamW'):
            self.assertIn(word, shown.replace(',', ''))

    def test_search_finds_by_words(self):
        self.assertEqual([m['name'] for m in self.plumb('search', 'tiny', '--json').json['models']], ['lab/tiny'])
        self.assertEqual(self.plumb('search', 'nonesuch', '--json').json['models'], [])

    def test_tags_move_with_history_and_by_compare_and_swap(self):
        self.plumb('tag', 'lab/tiny@step-2000', 'stable')
        self.plumb('tag', 'lab/tiny@step-3000', 'stable')
        history = self.plumb('tag', '--history', 'lab/tiny', 'stable', '--json').json['moves']
        self.assertEqual(len(history), 2)
        self.plumb('tag', 'lab/tiny@step-1000', 'stable', '--expect', 1, expect='failed')
        self.plumb('tag', 'lab/tiny@step-1000', 'stable', '--expect', 2)
        self.plumb('tag', '--remove', 'lab/tiny', 'stable')
        self.plumb('pull', 'lab/tiny:stable', self.tmp / 'x', expect='not found')

    def test_a_yanked_release_stays_and_says_why(self):
        self.plumb('yank', 'lab/tiny@step-2000', '--reason', 'wrong data')
        result = self.plumb('pull', 'lab/tiny@step-2000', self.tmp / 'yanked')
        self.assertIn('wrong data', result.err)
        self.plumb('yank', 'lab/tiny@step-2000', '--undo')
        self.assertNotIn('wrong data', self.plumb('pull', 'lab/tiny@step-2000', self.tmp / 'again').err)

    def test_gc_keeps_what_is_named_and_takes_what_is_not(self):
        before = self.plumb('admin', 'stats', '--json').json
        self.assertEqual(set(before), {'releases', 'files', 'logical_bytes', 'stored_bytes', 'chunks', 'packs', 'pack_bytes'})
        result = self.plumb('admin', 'gc', '--grace', 0, '--json').json
        self.assertEqual(result['deleted_chunks'], 0)
        self.assertEqual(self.plumb('admin', 'stats', '--json').json, before)
        self.assertTrue(self.plumb('admin', 'fsck', '--json').json['ok'])

    def test_everything_survives_a_restart(self):
        before = self.plumb('list', 'lab/tiny', '--json').json
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.plumb('list', 'lab/tiny', '--json').json, before)
        self.pull()

    def test_secrets_are_kept_from_others(self):
        mode = stat.S_IMODE((self.server.folder / 'admin.token').stat().st_mode)
        self.assertEqual(mode, 0o600)
        secret = self.server.admin_token
        for path in self.server.folder.rglob('*'):
            if path.is_file() and path.name != 'admin.token':
                self.assertNotIn(secret.encode(), path.read_bytes(), f'{path} holds the secret')

    def test_login_keeps_a_token(self):
        made = self.plumb('admin', 'token', 'create', 'ci', '--scope', 'publish:lab', '--json').json
        anonymous = {**self.env}
        del self.env['PLUMB_TOKEN']
        self.plumb('login', self.server.address, stdin=made['secret'] + '\n')
        self.plumb('tag', 'lab/tiny@step-1000', 'ci')
        credentials = pathlib.Path(self.env['XDG_CONFIG_HOME']) / 'plumb' / 'credentials.json'
        self.assertEqual(stat.S_IMODE(credentials.stat().st_mode), 0o600)
        self.env = anonymous
        self.plumb('admin', 'token', 'revoke', 'ci')

    def test_digest_is_the_hash_of_the_manifest(self):
        result = self.pull()
        manifest = (self.tmp / 'pulled' / '.plumb' / 'manifest').read_bytes()
        self.assertEqual(result['digest'], 'sha256:' + hashlib.sha256(manifest).hexdigest())


if __name__ == '__main__':
    unittest.main(verbosity=2)
