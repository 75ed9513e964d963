"""Every exit code of docs/exit-codes.md is reached, with a message that says what to do."""
import fcntl
import json
import os
import pathlib
import signal
import time
import unittest

from harness import EXIT, FAMILY, RECIPE, PlumbTest, flip_byte, read_safetensors, write_safetensors

STEP = FAMILY / 'step-3000'


class ExitCodesTest(PlumbTest):
    def publish(self, folder, *flags, version='v1', expect='done', model='lab/tiny'):
        return self.plumb('publish', f'{model}@{version}', folder, '--license', 'Apache-2.0', *flags, expect=expect)

    def small(self):
        """A folder that takes no time to publish."""
        folder = self.tmp / 'small'
        folder.mkdir()
        (folder / 'notes.txt').write_text('x' * 5000)
        return folder

    def test_0_done(self):
        self.assertIn('plumb', self.plumb('version').out)

    def test_1_reused_version(self):
        folder = self.small()
        self.publish(folder)
        (folder / 'notes.txt').write_text('other')
        result = self.publish(folder, expect='failed')
        self.assertIn('published already', result.err)

    def test_2_usage(self):
        for args in (['nonesuch'], ['publish'], ['pull', 'not a reference'], ['publish', 'lab/tiny', str(self.small())],
                     ['list', '--nonesuch']):
            with self.subTest(args):
                result = self.plumb(*args, expect='usage')
                self.assertIn('Error: ', result.err)
                self.assertEqual(result.out, '')
        self.assertIn('publish', self.plumb('publsh', expect='usage').err)

    def test_3_unknown_reference(self):
        for reference in ('lab/none', 'lab/none@v1'):
            self.assertIn('lab/none', self.plumb('pull', reference, self.tmp / 'x', expect='not found').err)
        self.publish(self.small())
        result = self.plumb('pull', 'lab/tiny@v9', self.tmp / 'x', expect='not found')
        self.assertIn('v9', result.err)
        self.assertIn('plumb list lab/tiny', result.err)
        self.plumb('pull', 'lab/tiny:nonesuch', self.tmp / 'x', expect='not found')
        self.plumb('show', 'lab/tiny@sha256:' + '0' * 64, expect='not found')
        self.assertFalse((self.tmp / 'x').exists())

    def test_3_a_path_that_is_not_there(self):
        """No registry is asked for what can only be a file or a folder."""
        model = FAMILY / 'step-0' / 'model.safetensors'
        self.env['PLUMB_REGISTRY'] = '127.0.0.1:1'
        for path in ('a/b.gguf', 'models/x/', './none', '~/none', 'none.safetensors', str(self.tmp / 'none')):
            calls = [['inspect', path], ['inspect', '--stats', path], ['smoke', path], ['show', path], ['files', path],
                     ['diff', path, model], ['diff', model, path], ['golden', 'record', path], ['convert', path, self.tmp / 'x.gguf'],
                     ['verify', path], ['publish', 'lab/tiny@v1', path]]
            for call in calls:
                with self.subTest(call):
                    self.assertIn(f'no such file or directory: {path}', self.plumb(*call, expect='not found').err)
        for call in (['inspect', 'lab/none'], ['smoke', 'lab/none'], ['show', 'lab/none'], ['diff', model, 'lab/none']):
            error = self.plumb(*call, expect='network').err
            self.assertIn('there is no file or folder lab/none; taken as a reference: cannot reach', error)
        self.assertIn('plumb inspect', self.plumb('show', model, expect='usage').err)

    def test_4_bad_token(self):
        self.env['PLUMB_TOKEN'] = 'plumb_' + 'x' * 43
        self.publish(self.small(), expect='permission')
        del self.env['PLUMB_TOKEN']
        self.assertIn('plumb login', self.plumb('publish', 'lab/tiny@v1', self.tmp / 'small', expect='permission').err)

    def test_4_missing_scope(self):
        secret = self.plumb('admin', 'token', 'create', 'other', '--scope', 'publish:other', '--json').json['secret']
        self.env['PLUMB_TOKEN'] = secret
        result = self.publish(self.small(), expect='permission')
        self.assertIn('publish:lab', result.err)
        self.plumb('admin', 'stats', expect='permission')
        self.publish(self.tmp / 'small', model='other/tiny')

    def test_5_nobody_answers(self):
        self.server.kill()
        result = self.plumb('list', expect='network')
        self.assertIn('cannot reach the registry', result.err)

    def test_6_corrupt_chunk_on_the_servers_disk(self):
        self.publish(self.small())
        flip_byte(self.server.largest_pack(), 78)  # In the first frame: it stands behind two headers (docs/packs.md).
        result = self.plumb('pull', 'lab/tiny@v1', self.tmp / 'x', '--no-cache', expect='verification')
        self.assertIn('notes.txt', result.err)
        self.assertFalse((self.tmp / 'x' / 'notes.txt').exists())
        broken = self.plumb('admin', 'fsck', '--json', expect=None)
        self.assertEqual([p['kind'] for p in broken.json['problems']].count('chunk'), 1)
        self.plumb('admin', 'fsck', '--quarantine', expect=None)
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'x', '--no-cache', expect='verification')

    def test_6_changed_pulled_file(self):
        self.publish(self.small())
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'x')
        flip_byte(self.tmp / 'x' / 'notes.txt', 3)
        self.plumb('verify', self.tmp / 'x', expect='verification')

    def mutate_weights(self, change):
        folder = self.copy_of(STEP)
        header, data = read_safetensors(folder / 'model.safetensors')
        change(header, data)
        (folder / 'model.safetensors').unlink()
        write_safetensors(folder / 'model.safetensors', header, data)
        return folder

    def test_7_golden_outputs_that_the_weights_do_not_compute(self):
        def zero_a_head(header, data):
            begin = header['transformer.h.2.attn.c_proj.weight']['data_offsets'][0]
            data[begin:begin + 32 * 128 * 4] = bytes(32 * 128 * 4)  # Rows 0 to 31: what head 0 feeds.
        folder = self.mutate_weights(zero_a_head)
        result = self.publish(folder, expect='smoke')
        self.assertIn('golden.safetensors', result.err)
        smoke = self.plumb('smoke', folder, expect='smoke')
        self.assertIn('model', smoke.out + smoke.err)
        self.publish(folder, '--no-smoke')

    def test_8_a_folder_that_another_pull_holds(self):
        self.publish(self.small())
        folder = self.tmp / 'x'
        (folder / '.plumb').mkdir(parents=True)
        with open(folder / '.plumb' / 'lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn('another pull', self.plumb('pull', 'lab/tiny@v1', folder, expect='storage').err)

    def test_9_invalid_licence_expression(self):
        result = self.plumb('publish', 'lab/tiny@v1', self.small(), '--license', 'Apche-2.0', expect='policy')
        self.assertIn('Apache-2.0', result.err)

    def test_9_licence_text_that_disagrees(self):
        folder = self.small()
        (folder / 'LICENSE').write_bytes((FAMILY / 'LICENSE').read_bytes())
        result = self.plumb('publish', 'lab/tiny@v1', folder, '--license', 'MIT', expect='policy')
        self.assertIn('LICENSE', result.err)
        self.publish(folder)

    def test_9_malformed_weights(self):
        folder = self.small()
        (folder / 'model.safetensors').write_bytes(b'\x05\0\0\0\0\0\0\0{"a":')
        self.assertIn('model.safetensors', self.publish(folder, expect='policy').err)

    def test_9_weights_that_contradict_their_configuration(self):
        def reshape(header, data):
            header['transformer.h.0.attn.c_attn.bias'] |= {'shape': [2, 192]}
        folder = self.mutate_weights(reshape)
        self.assertIn('c_attn.bias', self.publish(folder, expect='policy').err)

    def test_9_recipe_that_contradicts_itself(self):
        recipe = self.tmp / 'recipe.yaml'
        text = RECIPE.read_text()
        self.assertIn('12288000', text)
        recipe.write_text(text.replace('12288000', '99999999'))
        result = self.publish(STEP, '--recipe', recipe, expect='policy')
        self.assertIn('99999999', result.err.replace(',', ''))
        self.assertIn('12288000', result.err.replace(',', ''))

    def test_9_a_link_or_a_bad_name_in_the_folder(self):
        folder = self.small()
        (folder / 'link').symlink_to('/etc/passwd')
        self.assertIn('link is a symbolic link to /etc/passwd', self.publish(folder, expect='policy').err)
        (folder / 'link').unlink()
        os.mkfifo(folder / 'pipe')
        self.assertIn('pipe is neither a file nor a folder', self.publish(folder, expect='policy').err)
        (folder / 'pipe').unlink()
        (folder / 'Notes.TXT').write_text('collides')
        self.assertIn('case-insensitive', self.publish(folder, expect='policy').err)

    def test_130_interrupted(self):
        folder = self.tmp / 'large'
        folder.mkdir()
        (folder / 'data.bin').write_bytes(os.urandom(60_000_000))
        process = self.start_plumb('publish', 'lab/large@v1', folder, '--license', 'Apache-2.0')
        time.sleep(0.25)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        if process.returncode == 0:
            self.skipTest('the publish was faster than the interrupt')
        self.assertEqual(process.returncode, EXIT['interrupted'], err)

    def test_errors_as_json(self):
        result = self.plumb('pull', 'lab/none', self.tmp / 'x', '--json', expect='not found')
        self.assertEqual(set(json.loads(result.err)), {'error', 'code', 'detail'})
        self.assertEqual(result.out, '')


if __name__ == '__main__':
    unittest.main(verbosity=2)
