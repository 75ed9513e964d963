"""What is not understood is published and named; what could not be checked is never called wrong."""
import json
import shutil
import unittest

from harness import DATA, PlumbTest, read_safetensors, write_safetensors

ARCHITECTURES = DATA / 'architectures'
GOLDEN = 'smoke/model.golden'


class JudgementTest(PlumbTest):
    def model(self, name='llama-gqa', golden=False):
        """A copy of a tiny model, to be changed."""
        folder = self.tmp / 'model'
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ARCHITECTURES / name, folder)
        (folder / 'smoke').mkdir()
        (folder / 'golden.safetensors').rename(folder / GOLDEN)
        if not golden:
            (folder / GOLDEN).unlink()
        return folder

    def change_config(self, folder, **values):
        path = folder / 'config.json'
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    def publish(self, folder, expect='done'):
        self.version = getattr(self, 'version', 0) + 1
        return self.plumb('publish', f'lab/m@v{self.version}', folder, '--license', 'MIT', expect=expect)

    def split(self, folder, names):
        """The weights in two files of those names, half of the tensors in each."""
        header, data = read_safetensors(folder / 'model.safetensors')
        (folder / 'model.safetensors').unlink()
        tensors = sorted(n for n in header if n != '__metadata__')
        for name, part in zip(names, (tensors[::2], tensors[1::2])):
            kept, body = {}, bytearray()
            for tensor in part:
                begin, end = header[tensor]['data_offsets']
                kept[tensor] = header[tensor] | {'data_offsets': [len(body), len(body) + end - begin]}
                body += data[begin:end]
            write_safetensors(folder / name, kept, body)
        return {tensor: names[i % 2] for i, tensor in enumerate(tensors)}


class NotUnderstoodTest(JudgementTest):
    def expect_named(self, folder, *words):
        """Published with one warning that has the words; the check is inconclusive and says why."""
        result = self.publish(folder)
        warnings = [line for line in result.err.splitlines() if line.startswith('Warning: ')]
        self.assertEqual(len(warnings), 1, result.err)
        self.assertIn('not understood', warnings[0])
        self.assertLess(len(warnings[0]), 400)
        checked = self.plumb('smoke', folder, '--backend', 'reference')
        self.assertIn('was not checked', checked.err)
        for word in words:
            self.assertIn(word, warnings[0])
            self.assertIn(word, checked.err)

    def test_keys_and_classes(self):
        packed = {'quantization_config': {'quant_method': 'gptq', 'bits': 4}}
        for values, words in (({'my_lab_note': 'run 17', 'other': {'a': 1}}, ('"my_lab_note"', '"other"')),
                              ({'architectures': ['LlamaForSequenceClassification']}, ('LlamaForSequenceClassification',)),
                              (packed, ('"quantization_config"', 'gptq')),
                              ({'quantization': {'group_size': 64, 'bits': 4}}, ('"quantization"',)),
                              ({'rope_scaling': {'rope_type': 'spiral'}}, ('spiral',)),
                              ({'hidden_act': None}, ('"hidden_act"',)),
                              ({'model_type': 'abacus'}, ('abacus',))):
            folder = self.model()
            self.change_config(folder, **values)
            self.expect_named(folder, *words)

    def test_configs_of_other_libraries(self):
        for text in ('{"architecture": "resnet18", "num_classes": 10}', '{"_class_name": "UNet2DModel"}', '[]'):
            folder = self.model()
            (folder / 'config.json').write_text(text)
            self.expect_named(folder, 'config')

    def test_tensors_besides_those_implied(self):
        folder = self.model()
        header, data = read_safetensors(folder / 'model.safetensors')
        header['v_head.weight'] = {'dtype': 'F32', 'shape': [1], 'data_offsets': [len(data), len(data) + 4]}
        write_safetensors(folder / 'model.safetensors', header, data + bytes(4))
        self.expect_named(folder, 'v_head.weight')

    def test_what_was_recorded_of_it_stays_recorded(self):
        folder = self.model(golden=True)
        self.change_config(folder, my_lab_note='run 17')
        self.expect_named(folder, 'my_lab_note')
        manifest = self.plumb('show', f'lab/m@v{self.version}', '--manifest', '--json').json['manifest']
        self.assertEqual([c['golden_path'] for c in manifest['smoke_cases']], [GOLDEN])

    def test_notes_and_pythons_numbers_are_read(self):
        folder = self.model(golden=True)
        self.change_config(folder, unsloth_fixed=True, unsloth_version='2025.1', initializer_range=float('inf'))
        self.assertIn('Infinity', (folder / 'config.json').read_text())
        self.assertNotIn('Warning', self.publish(folder).err)
        self.assertEqual(self.plumb('smoke', folder, '--backend', 'reference', '--json').json['verdict'], 'pass')

    def test_a_contradiction_is_refused_with_its_evidence(self):
        for values in ({'vocab_size': 33}, {'num_hidden_layers': 3}):
            folder = self.model()
            self.change_config(folder, **values)
            self.assertIn('does not agree with config.json', self.publish(folder, expect='policy').err)
            self.assertIn('could not be checked', self.plumb('smoke', folder, expect='policy').err)

    def test_a_training_that_ran_away_is_published_without_a_case(self):
        folder = self.model()
        header, data = read_safetensors(folder / 'model.safetensors')
        begin = header['model.norm.weight']['data_offsets'][0]
        data[begin + 2:begin + 4] = b'\xc0\x7f'  # NaN, in F32 as in BF16 the upper half.
        write_safetensors(folder / 'model.safetensors', header, data)
        self.assertIn('no smoke case recorded', self.publish(folder).err)
        self.plumb('smoke', folder, expect='policy')


class NotCheckedTest(JudgementTest):
    def smoke(self, folder, expect):
        result = self.plumb('smoke', folder, '--backend', 'reference', '--json', expect=expect)
        self.assertEqual(result.json['verdict'], 'inconclusive')
        return result.err

    def test_files_that_are_missing_or_broken(self):
        folder = self.model(golden=True)
        config = (folder / 'config.json').read_text()
        (folder / 'config.json').write_text('{')
        self.assertIn('config.json', self.smoke(folder, 'policy'))
        (folder / 'config.json').unlink()
        (folder / 'config.json').mkdir()
        self.assertNotIn('does not compute', self.plumb('smoke', folder, expect=None).err)
        (folder / 'config.json').rmdir()
        (folder / 'config.json').write_text(config)
        golden = (folder / GOLDEN).read_bytes()
        (folder / GOLDEN).write_bytes(golden[:100])
        self.assertIn(GOLDEN, self.smoke(folder, 'policy'))
        (folder / GOLDEN).write_bytes(golden)
        weights = (folder / 'model.safetensors').read_bytes()
        for cut in (weights[:-1], weights[:5], b''):
            (folder / 'model.safetensors').write_bytes(cut)
            self.assertIn('model.safetensors', self.smoke(folder, 'policy'))

    def test_a_shard_that_is_missing(self):
        folder = self.model(golden=True)
        names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
        places = self.split(folder, names)
        index = {'metadata': {}, 'weight_map': places}
        (folder / 'model.safetensors.index.json').write_text(json.dumps(index))
        self.assertEqual(self.plumb('smoke', folder, '--json').json['verdict'], 'pass')
        (folder / names[1]).unlink()
        self.assertIn(names[1], self.smoke(folder, 'not found'))

    def test_shards_without_an_index(self):
        folder = self.model(golden=True)
        names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
        self.split(folder, names)
        self.assertEqual(self.plumb('smoke', folder, '--json').json['verdict'], 'pass')
        self.assertEqual(self.plumb('smoke', folder / names[1], '--json').json['verdict'], 'pass')
        self.assertNotIn('Warning', self.publish(folder).err)
        pulled = self.plumb('pull', 'lab/m@v1', self.tmp / 'pulled', '--smoke', '--json')
        self.assertEqual(pulled.json['smoke']['verdict'], 'pass')
        (folder / names[0]).unlink()
        self.assertIn(names[0], self.smoke(folder, 'not found'))

    def test_what_was_not_pulled(self):
        self.publish(self.model(golden=True))
        for left_out in (GOLDEN, 'config.json', 'model.safetensors'):
            target = self.tmp / left_out.replace('/', '-')
            pulled = self.plumb('pull', 'lab/m@v1', target, '--exclude', left_out, '--smoke', '--json')
            self.assertEqual(pulled.json['smoke']['verdict'], 'inconclusive')
            self.assertIn(f'{left_out} is not here', self.smoke(target, 'done'))

    def test_a_pull_with_nothing_to_run(self):
        folder = self.tmp / 'dataset'
        folder.mkdir()
        (folder / 'train.txt').write_text('to be')
        self.publish(folder)
        pulled = self.plumb('pull', 'lab/m@v1', self.tmp / 'pulled', '--smoke', '--json')
        self.assertEqual(pulled.json['smoke'], {'verdict': 'inconclusive', 'backends': []})
        self.assertIn('nothing was checked', pulled.err)


if __name__ == '__main__':
    unittest.main(verbosity=2)
