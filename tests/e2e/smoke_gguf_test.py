"""GGUF models through `smoke`, `golden record`, `publish` and `pull --smoke`."""
import shutil
import struct
import unittest

import gguf_files
from gguf_files import Gguf, number, real, string
from harness import DATA, PlumbTest, read_safetensors

MODELS = DATA / 'gguf-models'


class SmokeGgufTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        self.folder = self.tmp / 'models'
        self.folder.mkdir()

    def copy(self, name, golden=True):
        """A model of tests/data, without or with what transformers computed with it."""
        for suffix in ('.gguf', '.golden.safetensors')[:2 if golden else 1]:
            shutil.copy(MODELS / f'{name}{suffix}', self.folder)
        return self.folder / f'{name}.gguf'

    def smoke(self, *args, expect='done'):
        return self.plumb('smoke', *args, '--json', expect=expect).json

    def gate(self, report, name):
        """Of every backend that ran."""
        return {g['verdict'] for b in report['backends'] for g in b['gates'] if g['name'] == name}

    def cases(self, report):
        return {c['name'] for b in report['backends'] for c in b['cases']}

    def test_every_model_of_a_folder_agrees_with_transformers(self):
        report = self.smoke(MODELS)
        self.assertEqual(report['verdict'], 'pass')
        self.assertEqual(self.cases(report), {p.name for p in MODELS.glob('*.gguf')})

    def test_one_file(self):
        for name in ('llama-f32', 'llama-q8_0', 'qwen2-q4_0', 'gemma3-f16', 'gpt2-q8_0', 'mixtral-q8_0'):
            report = self.smoke(self.copy(name))
            self.assertEqual(report['verdict'], 'pass')
            self.assertEqual(self.cases(report), {f'{name}.gguf'})
            for backend in report['backends']:
                if backend['verdict'] != 'not available':
                    self.assertGreater(backend['coverage'], 0.99)

    def test_a_recorded_golden_passes_and_has_the_hash_of_the_keys(self):
        for name in ('llama-llama3-f16', 'qwen2-q4_0', 'llama-q8_0', 'falcon-new-q8_0', 'mixtral-f32'):
            path = self.copy(name, golden=False)
            self.assertEqual(self.smoke(path)['verdict'], 'inconclusive')
            goldens = self.plumb('golden', 'record', path, '--json').json['goldens']
            self.assertEqual([g['golden_path'] for g in goldens], [f'smoke/{name}.gguf.golden'])
            report = self.smoke(path)
            self.assertEqual(report['verdict'], 'pass')
            for gate in ('structure', 'self_test', 'config_hash', 'golden', 'coverage'):
                self.assertEqual(self.gate(report, gate), {'pass'}, gate)

    def test_changed_weights_fail(self):
        def zero_part(model):
            stored = model.tensors['blk.1.ffn_up.weight'][2]
            stored[:len(stored) // 4] = bytes(len(stored) // 4)

        def swap(model):
            a, b = model.tensors['blk.0.attn_v.weight'], model.tensors['blk.1.attn_v.weight']
            a[2], b[2] = b[2], a[2]

        def flip_sign(model):  # Of an element, or of a whole block's scale.
            model.tensors['blk.0.attn_q.weight'][2][3 if name == 'llama-f32' else 1] ^= 0x80

        for name in ('llama-f32', 'llama-llama3-f16', 'qwen2-q4_0'):
            for change in (zero_part, swap, flip_sign):
                path = self.copy(name)
                model = Gguf(path)
                change(model)
                model.write(path)
                report = self.smoke(path, expect='smoke')
                self.assertEqual(self.gate(report, 'golden'), {'fail'}, (name, change))
                print(name, change.__name__, max(b['nmse'] for b in report['backends']), flush=True)
            path.unlink()

    def test_the_layer_is_named(self):
        path = self.copy('llama-f32', golden=False)
        self.plumb('golden', 'record', path)
        model = Gguf(path)
        model.tensors['blk.1.ffn_down.weight'][2][:64] = bytes(64)
        model.write(path)
        self.assertIn('"blk.1"', self.plumb('smoke', path, expect='smoke').out)

    def test_what_numbers_do_not_show_the_hash_does(self):
        path = self.copy('llama-f32', golden=False)
        self.plumb('golden', 'record', path)
        model = Gguf(path)
        for key, value in (('llama.attention.layer_norm_rms_epsilon', 1.0001e-6),
                           ('llama.rope.freq_base', 100.0001)):
            kept = model.keys[key]
            model.keys[key] = real(value)
            model.write(path)
            report = self.smoke(path, expect='smoke')
            self.assertEqual(self.gate(report, 'config_hash'), {'fail'}, key)
            model.keys[key] = kept
        model.keys['general.name'] = string('another name')
        model.write(path)
        self.assertEqual(self.smoke(path)['verdict'], 'pass')

    def test_an_unknown_key_is_named(self):
        path = self.copy('llama-f32')
        model = Gguf(path)
        model.keys['llama.attention.clamp_kqv'] = real(8)
        model.write(path)
        self.assertIn('llama.attention.clamp_kqv', self.plumb('smoke', path).err)

    def test_a_weight_that_is_no_number_is_named(self):
        path = self.copy('llama-f32')
        model = Gguf(path)
        model.tensors['blk.0.ffn_gate.weight'][2][8:12] = struct.pack('<f', float('nan'))
        model.write(path)
        self.assertIn('tensor "blk.0.ffn_gate.weight": element 2 is nan', self.plumb('smoke', path, expect='smoke').out)

    def test_an_experts_weight_that_is_no_number_is_named_as_it_is_stored(self):
        path = self.copy('mixtral-f32')
        model = Gguf(path)
        sizes, _, stored = model.tensors['blk.1.ffn_up_exps.weight']
        element = 2 * sizes[0] * sizes[1] + 5  # Of the third expert.
        stored[4 * element:4 * element + 4] = struct.pack('<f', float('inf'))
        model.write(path)
        self.assertIn(f'tensor "blk.1.ffn_up_exps.weight": element {element} is inf',
                      self.plumb('smoke', path, expect='smoke').out)

    def test_split_files_are_one_model(self):
        Gguf(MODELS / 'llama-f32.gguf').write_split(self.folder, 'tiny')
        shutil.copy(MODELS / 'llama-f32.golden.safetensors', self.folder / 'tiny.golden.safetensors')
        report = self.smoke(self.folder)
        self.assertEqual(report['verdict'], 'pass')
        self.assertEqual(self.cases(report), {'tiny.gguf'})
        self.assertEqual(self.smoke(self.folder / 'tiny-00001-of-00002.gguf')['verdict'], 'pass')
        error = self.plumb('smoke', self.folder / 'tiny-00002-of-00002.gguf', expect='usage').err
        self.assertIn('-00001-of-', error)
        (self.folder / 'tiny-00002-of-00002.gguf').unlink()
        self.assertIn('tiny-00002-of-00002.gguf', self.plumb('smoke', self.folder, expect='not found').out)

    def test_the_vocabulary_inside_reads_a_prompt(self):
        model = Gguf(MODELS / 'llama-f32.gguf')
        model.keys |= gguf_files.vocabulary()
        path = self.folder / 'spoken.gguf'
        model.write(path)
        self.plumb('golden', 'record', path, '--prompt', 'to be, or not to be')
        header, data = read_safetensors(self.folder / 'smoke/spoken.gguf.golden')
        self.assertEqual(header['__metadata__']['text'], 'to be, or not to be')
        begin, end = header['input_ids']['data_offsets']
        ids = struct.unpack(f'<{(end - begin) // 8}q', data[begin:end])
        letters = ''.join('\u2581abcdefghijklmnopqrstuvwxyz.,'[i - 3] for i in ids[1:])
        self.assertEqual((ids[0], letters), (1, '\u2581to\u2581be,\u2581or\u2581not\u2581to\u2581be'))
        self.assertEqual(self.smoke(path, '--prompt', 'that is the question.')['verdict'], 'pass')
        # Another vocabulary gives other ids for the recorded text.
        tokens = ['<unk>', '<s>', '</s>', '\u2581', *'bacdefghijklmnopqrstuvwxyz', '.', ',']
        model.keys['tokenizer.ggml.tokens'] = gguf_files.texts(tokens)
        model.write(path)
        self.assertIn('token ids', self.plumb('smoke', path, expect='smoke').out)

    def test_a_prompt_needs_a_vocabulary(self):
        error = self.plumb('smoke', self.copy('llama-f32'), '--prompt', 'hello', expect='usage').err
        self.assertIn('tokenizer', error)

    def test_files_that_are_no_models(self):
        model = Gguf(MODELS / 'llama-f32.gguf')
        model.write(self.folder / 'vocabulary.gguf', names=[])
        model.write(self.folder / 'adapter.gguf', extra={'general.type': string('adapter')})
        model.write(self.folder / 'mmproj-f16.gguf')
        (self.folder / 'text.gguf').write_text('no container')
        report = self.smoke(self.folder, expect='policy')
        verdicts = {c['name']: (c['verdict'], c['detail']) for c in report['backends'][0]['cases']}
        self.assertEqual({n: v for n, (v, _) in verdicts.items()},
                         {'vocabulary.gguf': 'inconclusive', 'adapter.gguf': 'inconclusive', 'text.gguf': 'inconclusive'})
        self.assertIn('adapter', verdicts['adapter.gguf'][1])
        self.plumb('smoke', self.folder / 'nothing.gguf', expect='not found')
        (self.folder / 'notes.txt').write_text('')
        self.assertIn('.gguf', self.plumb('smoke', self.folder / 'notes.txt', expect='usage').err)

    def test_hostile_names(self):
        names = ['\x1b[31mred.gguf', 'a\nb.gguf', '-00001-of-00001.gguf', 'x-00000-of-00002.gguf',
                 'y-99999999999999999999-of-99999999999999999999.gguf', '.gguf', 'z.golden.safetensors.gguf']
        for name in names:
            shutil.copy(MODELS / 'llama-f32.gguf', self.folder / name)
        result = self.plumb('smoke', self.folder, expect=None)
        self.assertIn(result.code, (0, 7, 9))
        self.assertNotIn('\x1b', result.out + result.err)

    def test_the_same_model_in_several_formats(self):
        for name in ('config.json', 'model.safetensors', 'golden.safetensors'):
            shutil.copy(DATA / 'tiny-shakespeare' / 'step-3000' / name, self.folder)
        shutil.copy(self.copy('llama-f32', golden=False), self.folder / 'model.gguf')
        (self.folder / 'llama-f32.gguf').unlink()
        goldens = self.plumb('golden', 'record', self.folder, '--json').json['goldens']
        self.assertEqual([g['golden_path'] for g in goldens], ['smoke/model.gguf.golden'])
        report = self.smoke(self.folder)
        self.assertEqual((report['verdict'], self.cases(report)), ('pass', {'model', 'model.gguf'}))


class PublishGgufTest(PlumbTest):
    def test_published_and_pulled(self):
        folder = self.tmp / 'release'
        folder.mkdir()
        for name in ('qwen2-q4_0', 'mixtral-q8_0'):
            shutil.copy(MODELS / f'{name}.gguf', folder)
        model = Gguf(MODELS / 'llama-f32.gguf')
        # Factors of rotations are read before anything runs: while the file arrives they must be awaited.
        model.tensors['rope_freqs.weight'] = [[2], 0, bytearray(struct.pack('<2f', 1, 2))]
        model.write_split(folder, 'tiny')
        model.write(folder / 'vocabulary.gguf', names=[])
        result = self.plumb('publish', 'lab/gguf@v1', folder, '--license', 'Apache-2.0')
        self.assertIn('vocabulary.gguf', result.err)
        manifest = self.plumb('show', 'lab/gguf@v1', '--manifest', '--json').json['manifest']
        recorded = {c['weights_path']: c['golden_path'] for c in manifest['smoke_cases']}
        self.assertEqual(recorded, {'qwen2-q4_0.gguf': 'smoke/qwen2-q4_0.gguf.golden',
                                    'mixtral-q8_0.gguf': 'smoke/mixtral-q8_0.gguf.golden',
                                    'tiny-00001-of-00002.gguf': 'smoke/tiny.gguf.golden'})
        for number, rate in enumerate(('100MB', '100KB')):
            target = self.tmp / f'pulled-{number}'
            report = self.plumb('pull', 'lab/gguf@v1', target, '--smoke', '--no-cache', '--max-rate', rate,
                                '--json').json['smoke']
            self.assertEqual(report['verdict'], 'pass')
            self.assertEqual([b['name'] for b in report['backends']], ['onednn'], 'checked while it arrived')
        self.assertEqual(self.plumb('smoke', target, '--json').json['verdict'], 'pass')

    def test_a_wrong_golden_is_not_published(self):
        folder = self.tmp / 'release'
        folder.mkdir()
        model = Gguf(MODELS / 'llama-f32.gguf')
        shutil.copy(MODELS / 'llama-f32.golden.safetensors', folder)
        model.tensors['output_norm.weight'][2][:4] = struct.pack('<f', -3)
        model.write(folder / 'llama-f32.gguf')
        error = self.plumb('publish', 'lab/gguf@v1', folder, '--license', 'Apache-2.0', expect='smoke').err
        self.assertIn('llama-f32.golden.safetensors', error)


if __name__ == '__main__':
    unittest.main(verbosity=2)
