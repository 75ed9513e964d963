"""ONNX models through `smoke`, `golden record`, `publish` and `pull --smoke`."""
import json
import shutil
import struct
import unittest

import onnx_files
from harness import DATA, PlumbTest, read_safetensors, write_safetensors

MODELS = DATA / 'onnx-models'
OTHERS = DATA / 'onnx'


class SmokeOnnxTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        self.folder = self.copy_of(MODELS, 'models')

    def smoke(self, *args, expect='done'):
        return self.plumb('smoke', *args, '--json', expect=expect).json

    def gate(self, report, name):
        """Of every backend that ran."""
        return {g['verdict'] for b in report['backends'] for g in b['gates'] if g['name'] == name}

    def details(self, report, name):
        return ' '.join(g['detail'] for b in report['backends'] for g in b['gates'] if g['name'] == name)

    def change(self, name, change):
        path = self.folder / name
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)
        return path

    def test_they_agree_with_pytorch(self):
        report = self.smoke(MODELS)
        self.assertEqual(report['verdict'], 'pass')
        for backend in report['backends']:
            if backend['verdict'] != 'not available':
                self.assertEqual({c['name'] for c in backend['cases']}, {p.name for p in MODELS.glob('*.onnx')})
                self.assertLess(backend['nmse'], 1e-11)
                self.assertGreater(backend['coverage'], 0.9)

    def test_what_other_runtimes_recorded_is_a_golden(self):
        for model, recorded in (('mnist', 'mnist'), ('silero_vad_16k_op15', 'silero_vad_16k_op15'),
                                ('tiny-random-gpt2-past', 'gpt2-past'), ('tiny-random-gpt2-past', 'gpt2-first')):
            shutil.copy(OTHERS / f'{model}.onnx', self.folder)
            shutil.copy(OTHERS / f'{recorded}.safetensors', self.folder / f'{model}.golden.safetensors')
            report = self.smoke(self.folder / f'{model}.onnx')
            self.assertEqual(self.gate(report, 'golden'), {'pass'}, recorded)

    def test_recorded_goldens_pass(self):
        for path in self.folder.glob('*.golden.safetensors'):
            path.unlink()
        for name in ('mnist', 'silero_vad_16k_op15', 'tiny-random-gpt2-past'):
            shutil.copy(OTHERS / f'{name}.onnx', self.folder)
        self.assertEqual(self.smoke(self.folder)['verdict'], 'inconclusive')
        goldens = self.plumb('golden', 'record', self.folder, '--json').json['goldens']
        self.assertEqual(len(goldens), 6)
        report = self.smoke(self.folder)
        for gate in ('structure', 'self_test', 'config_hash', 'golden'):
            self.assertEqual(self.gate(report, gate), {'pass'}, gate)

    def test_made_up_inputs_are_what_transformers_take(self):
        path = self.folder / 'gpt2-with-past.onnx'
        self.plumb('golden', 'record', path, '--replace')
        header, data = read_safetensors(self.folder / 'smoke/gpt2-with-past.onnx.golden')
        shapes = {n: t['shape'] for n, t in header.items() if n.startswith('in.')}
        self.assertEqual(shapes, {'in.input_ids': [1, 64], 'in.attention_mask': [1, 64], 'in.position_ids': [1, 64],
                                  **{f'in.past_key_values.{i}.{k}': [1, 4, 0, 8] for i in (0, 1) for k in ('key', 'value')}})
        values = {n: struct.unpack('<64q', data[slice(*header[f'in.{n}']['data_offsets'])])
                  for n in ('input_ids', 'attention_mask', 'position_ids')}
        self.assertEqual(values['attention_mask'], (1,) * 64)
        self.assertEqual(values['position_ids'], tuple(range(64)))
        self.assertTrue(all(0 <= i < 96 for i in values['input_ids']) and len(set(values['input_ids'])) > 20)
        self.assertEqual(header['__metadata__']['layers'], '/lm/transformer/h.0,/lm/transformer/h.1')
        # As long as asked for, where the model has so many.
        self.assertEqual(self.gate(self.smoke(path, '--positions', 16), 'cross_backend'), {'pass', 'inconclusive'})

    def test_changed_weights_fail_and_the_layer_is_named(self):
        self.plumb('golden', 'record', self.folder / 'gpt2-with-past.onnx', '--replace')

        def zero(data):
            begin, _ = onnx_files.weights(data)['lm.transformer.h.1.mlp.c_fc.weight']
            data[begin:begin + 256] = bytes(256)

        report = self.smoke(self.change('gpt2-with-past.onnx', zero), expect='smoke')
        self.assertEqual(self.gate(report, 'golden'), {'fail'})
        self.assertEqual(self.gate(report, 'config_hash'), {'pass'})
        self.assertIn('"/lm/transformer/h.1"', self.details(report, 'golden'))

        def flip_sign(data):
            begin, _ = onnx_files.weights(data)['bert.embeddings.word_embeddings.weight']
            for row in range(96):
                data[begin + 128 * row + 3] ^= 0x80

        self.assertEqual(self.gate(self.smoke(self.change('bert.onnx', flip_sign), expect='smoke'), 'golden'), {'fail'})

        def not_a_number(data):
            begin, _ = onnx_files.weights(data)['bert.embeddings.word_embeddings.weight']
            data[begin:begin + 4] = struct.pack('<f', float('nan'))

        report = self.smoke(self.change('bert.onnx', not_a_number), expect='smoke')
        self.assertIn('nan', self.details(report, 'structure'))

    def test_what_numbers_do_not_show_the_hash_does(self):
        path = self.folder / 'bert.onnx'
        self.plumb('golden', 'record', path, '--replace')

        def other_epsilon(data):
            places = onnx_files.attributes(data, 'LayerNormalization', 'epsilon')
            self.assertEqual(len(places), 5)
            data[slice(*places[3])] = struct.pack('<f', 2e-12)

        self.change('bert.onnx', other_epsilon)
        report = self.smoke(path, expect='smoke')
        self.assertEqual((self.gate(report, 'golden'), self.gate(report, 'config_hash')), ({'pass'}, {'fail'}))

    def test_external_data(self):
        path = self.folder / 'external.onnx'
        self.assertEqual(self.smoke(path)['verdict'], 'pass')
        data = bytearray((self.folder / 'external.data').read_bytes())
        data[3] ^= 0x80
        (self.folder / 'external.data').write_bytes(data)
        self.assertEqual(self.gate(self.smoke(path, expect='smoke'), 'golden'), {'fail'})
        (self.folder / 'external.data').unlink()
        report = self.smoke(path, expect='not found')
        self.assertIn('external.data', self.details(report, 'structure'))
        # Nothing is read from outside the folder.
        (self.folder / 'external.data').symlink_to('/etc/passwd')
        self.plumb('smoke', path, expect='policy')
        (self.folder / 'external.data').unlink()
        model = path.read_bytes()
        for location in (b'/etc/hostname', b'../../../etc/'):
            path.write_bytes(model.replace(b'external.data', location))
            self.assertIn('external', self.details(self.smoke(path, expect='policy'), 'structure'))

    def test_goldens_that_do_not_fit(self):
        golden = self.folder / 'bert.golden.safetensors'
        whole = golden.read_bytes()

        def expect(text, change):
            golden.write_bytes(whole)
            header, data = read_safetensors(golden)
            change(header)
            write_safetensors(golden, header, data)
            self.assertIn(text, self.details(self.smoke(self.folder / 'bert.onnx', expect='policy'), 'structure'))

        def rename(old, new):
            return lambda header: header.update({new: header.pop(old)})

        expect('in.input_ids is missing', rename('in.input_ids', 'in.token_type_ids2'))
        expect('out.last_hidden_state is missing', rename('out.last_hidden_state', 'layers.norms'))
        end = len(read_safetensors(golden)[1])
        expect('in.other is no input', lambda header: header.update(
            {'in.other': {'dtype': 'F32', 'shape': [0], 'data_offsets': [end, end]}}))
        expect('in.attention_mask is F64', lambda header: header['in.attention_mask'].update(dtype='F64'))
        expect('shape', lambda header: header['in.input_ids'].update(shape=[22]))

    def test_hostile_files(self):
        for path in self.folder.iterdir():
            path.unlink()
        for name in ('\x1b[31mred.onnx', 'a\nb.onnx', '.onnx', 'x.golden.safetensors.onnx'):
            shutil.copy(MODELS / 'external.onnx', self.folder / name)
        (self.folder / 'empty.onnx').write_bytes(b'')
        (self.folder / 'text.onnx').write_text('no model')
        (self.folder / 'cut.onnx').write_bytes((MODELS / 'bert.onnx').read_bytes()[:60000])
        result = self.plumb('smoke', self.folder, expect='policy')
        self.assertNotIn('\x1b', result.out + result.err)

    def test_a_prompt_by_the_tokenizer_of_the_folder_above(self):
        letters = 'abcdefghijklmnopqrstuvwxyz ,'
        (self.folder / 'tokenizer.json').write_text(json.dumps({
            'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': [], 'normalizer': None,
            'pre_tokenizer': None, 'post_processor': None, 'decoder': None,
            'model': {'type': 'BPE', 'dropout': None, 'unk_token': None, 'continuing_subword_prefix': None,
                      'end_of_word_suffix': None, 'fuse_unk': False, 'byte_fallback': False,
                      'vocab': {letter: i + 3 for i, letter in enumerate(letters)}, 'merges': []}}))
        (self.folder / 'onnx').mkdir()
        path = (self.folder / 'bert.onnx').rename(self.folder / 'onnx' / 'model.onnx')
        # Of the whole folder: the tokenizer does not lie beside the file, but above it.
        for name in self.folder.glob('*.onnx'):
            name.unlink()
        self.plumb('golden', 'record', self.folder, '--prompt', 'to be, or not to be')
        header, data = read_safetensors(path.parent / 'smoke/model.onnx.golden')
        self.assertEqual(header['in.attention_mask']['shape'], [1, 19])
        ids = struct.unpack('<19q', data[slice(*header['in.input_ids']['data_offsets'])])
        self.assertEqual(''.join(letters[i - 3] for i in ids), 'to be, or not to be')
        self.assertEqual(self.smoke(self.folder, '--prompt', 'that is the question')['verdict'], 'pass')
        error = self.plumb('smoke', self.folder, '--prompt', 'to be ' * 50, expect='usage').err
        self.assertIn('tokens', error)
        shutil.copy(OTHERS / 'mnist.onnx', self.folder)
        self.assertIn('mnist.onnx', self.plumb('smoke', self.folder, '--prompt', 'to be', expect='usage').err)

    def test_folders_of_several_formats(self):
        folder = self.copy_of(DATA / 'tiny-shakespeare' / 'step-3000', 'mixed')
        (folder / 'onnx').mkdir()
        shutil.copy(MODELS / 'bert.onnx', folder / 'onnx' / 'model.onnx')
        shutil.copy(MODELS / 'bert.golden.safetensors', folder / 'onnx' / 'model.golden.safetensors')
        shutil.copy(DATA / 'gguf-models' / 'qwen2-q4_0.gguf', folder / 'tiny.gguf')
        shutil.copy(DATA / 'gguf-models' / 'qwen2-q4_0.golden.safetensors', folder / 'tiny.golden.safetensors')
        (folder / 'model-bf16.safetensors').unlink()
        report = self.smoke(folder)
        self.assertEqual(report['verdict'], 'pass')
        self.assertEqual([c['name'] for c in report['backends'][0]['cases']], ['model', 'onnx/model.onnx', 'tiny.gguf'])


class PublishOnnxTest(PlumbTest):
    def test_published_and_pulled(self):
        folder = self.tmp / 'release'
        shutil.copytree(MODELS, folder)
        (folder / 'gpt2-with-past.golden.safetensors').unlink()
        (folder / 'broken.onnx').write_bytes((MODELS / 'bert.onnx').read_bytes()[:60000])
        refused = self.plumb('publish', 'lab/onnx@v1', folder, '--license', 'MIT', expect='policy').err
        self.assertIn('broken.onnx is cut short', refused)
        (folder / 'broken.onnx').unlink()
        self.plumb('publish', 'lab/onnx@v1', folder, '--license', 'MIT')
        manifest = self.plumb('show', 'lab/onnx@v1', '--manifest', '--json').json['manifest']
        self.assertEqual({c['weights_path']: c['recorded_by'] for c in manifest['smoke_cases']},
                         {'bert.onnx': 'publisher', 'external.onnx': 'publisher', 'gpt2-with-past.onnx': 'reference'})
        report = self.plumb('pull', 'lab/onnx@v1', self.tmp / 'pulled', '--smoke', '--no-cache', '--json').json['smoke']
        self.assertEqual(report['verdict'], 'pass')


if __name__ == '__main__':
    unittest.main(verbosity=2)
