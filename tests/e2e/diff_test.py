"""`plumb diff` of releases and files in different formats. Releases of one layout: main_job_test."""
import json
import shutil
import unittest

from harness import DATA, FAMILY, PlumbTest

TWINS = DATA / 'twins'


class DiffTest(PlumbTest):
    def diff(self, *args, expect='done'):
        return self.plumb('diff', *args, '--json', expect=expect).json

    def publish(self, reference, source, name):
        folder = self.tmp / reference.replace('/', '-')
        folder.mkdir()
        shutil.copy(source, folder / name)
        self.plumb('publish', reference, folder, '--license', 'MIT', '--no-smoke', '--quiet')

    def test_releases_in_two_formats(self):
        self.publish('lab/torch@v1', TWINS / 'llama-q8_0.safetensors', 'model.safetensors')
        self.publish('lab/gguf@v1', DATA / 'gguf-models' / 'llama-q8_0.gguf', 'model-q8_0.gguf')
        found = self.diff('lab/torch@v1', 'lab/gguf@v1')
        self.assertEqual(found['verdict'], 'same')
        self.assertEqual({p['finding'] for p in found['pairs']}, {'equal', 'quantised'})
        layouts = {p['b']['name']: p['layout'] for p in found['pairs']}
        self.assertEqual(layouts['blk.1.attn_k.weight'], ['rows in pairs'])
        self.assertEqual(layouts['blk.1.attn_v.weight'], [])
        # A release beside a file, and beside a folder that no pull made.
        self.assertEqual(self.diff('lab/gguf@v1', TWINS / 'llama-q8_0.safetensors')['verdict'], 'same')
        self.assertEqual(self.diff(self.tmp / 'lab-torch@v1', 'lab/gguf@v1')['verdict'], 'same')
        self.assertEqual(self.diff(TWINS / 'gpt2.gguf', 'lab/gguf@v1')['verdict'], 'differs')
        text = self.plumb('diff', 'lab/torch@v1', 'lab/gguf@v1').out
        self.assertTrue(text.splitlines()[-1].startswith('the same model: 7 tensors equal, 14 quantised to Q8_0'), text)

    def test_releases_of_one_layout_are_compared_by_files(self):
        self.publish('lab/same@v1', FAMILY / 'step-0' / 'model.safetensors', 'model.safetensors')
        self.publish('lab/same@v2', FAMILY / 'step-1000' / 'model.safetensors', 'model.safetensors')
        found = self.diff('lab/same@v1', 'lab/same@v2')
        self.assertEqual([f['path'] for f in found['files']], ['model.safetensors'])
        # Other file names alone are another layout.
        self.publish('lab/same@v3', FAMILY / 'step-0' / 'model.safetensors', 'weights.safetensors')
        self.assertEqual(self.diff('lab/same@v1', 'lab/same@v3')['verdict'], 'same')

    def test_configs_beside_the_weights(self):
        source = DATA / 'architectures' / 'llama-gqa'
        config = json.loads((source / 'config.json').read_text())
        for name, theta in (('a', config['rope_theta']), ('b', 500000.0)):
            (self.tmp / name).mkdir()
            shutil.copy(source / 'model.safetensors', self.tmp / name)
            (self.tmp / name / 'config.json').write_text(json.dumps(config | {'rope_theta': theta}))
        found = self.diff(self.tmp / 'a', self.tmp / 'b')
        self.assertEqual((found['verdict'], found['identical']), ('other_config', True))
        self.assertEqual(found['config_changed'], ['rope_theta 100.0 -> 500000.0'])
        text = self.plumb('diff', self.tmp / 'a', self.tmp / 'b').out.splitlines()[-1]
        self.assertEqual(text, 'the same weights, but not the same model: rope_theta 100.0 -> 500000.0')

    def test_errors(self):
        several = self.plumb('diff', FAMILY / 'step-3000', TWINS / 'gpt2.gguf', expect='usage')
        self.assertIn('name the file of one: model-bf16.safetensors, model.safetensors', several.err)
        self.plumb('diff', self.tmp / 'missing', TWINS / 'gpt2.gguf', expect='not found')
        broken = self.tmp / 'broken.gguf'
        broken.write_bytes((TWINS / 'gpt2.gguf').read_bytes()[:-5])
        self.plumb('diff', broken, TWINS / 'gpt2.gguf', expect='policy')


if __name__ == '__main__':
    unittest.main()
