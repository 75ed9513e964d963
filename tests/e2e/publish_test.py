"""What publish refuses, leaves out, notices and records of the folders that people have."""
import json
import os
import shutil
import unittest

from harness import DATA, FAMILY, PlumbTest
import tiny_files as tiny

POINTER = ('version https://git-lfs.github.com/spec/v1\n'
           'oid sha256:2264b5c2fbff5027881b9b32c7b90fc01fe6b85785571064a2880d306ffc8633\nsize 29928734\n')
WEIGHTS = {'w.0': ('F32', (16, 32)), 'w.1': ('F32', (16, 32))}
# Made up, and put together here so that nobody's scanner finds it in this file.
TOKEN = 'hf' + '_q7Rz2LmX9bTn4WcKp8VsYd3GhJ6fUaEoQ1'


class PublishTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.folder = self.tmp / 'm'
        self.folder.mkdir()
        self.number = 0

    def publish(self, *flags, expect='done', folder=None):
        self.number += 1
        return self.plumb('publish', f'lab/m@v{self.number}', folder or self.folder, '--license', 'MIT', *flags,
                          expect=expect)

    def fresh(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def files(self, result_or_ref):
        ref = result_or_ref if isinstance(result_or_ref, str) else f'lab/m@v{self.number}'
        return {f['path']: f for f in self.plumb('files', ref, '--json').json['files']}


class IncompleteTest(PublishTest):
    def test_pointers_in_place_of_files(self):
        for name in ('model.safetensors', 'pytorch_model.bin', 'model.gguf', 'model.onnx', 'tf_model.h5', 'a.npz',
                     'flax_model.msgpack', 'tokenizer.model', 'tokenizer.json', 'model.pt', 'picture.png'):
            self.fresh()
            tiny.make(self.folder / name, POINTER)
            refused = self.publish(expect='policy').err
            for part in (name, 'Git LFS pointer', '29928734', 'git lfs pull', '--allow-incomplete'):
                self.assertIn(part, refused)
            allowed = self.publish('--allow-incomplete')
            self.assertIn('Git LFS pointer', allowed.err)
            self.assertIn(name, self.files(allowed))

    def test_inspect_and_convert_name_the_pointer(self):
        tiny.make(self.folder / 'model.bin', POINTER)
        for command in (['inspect', self.folder / 'model.bin'], ['convert', self.folder, self.tmp / 'x.npz']):
            self.assertIn('Git LFS pointer', self.plumb(*command, expect='policy').err)

    def whole_files(self):
        """A whole file of each format, by name."""
        source = self.tmp / 'whole'
        tiny.safetensors(source / 'model.safetensors', WEIGHTS)
        tiny.torch_file(source / 'pytorch_model.bin', WEIGHTS)
        tiny.torch_file(source / 'model.pt', WEIGHTS)
        tiny.torch_file(source / 'model.ckpt', WEIGHTS)
        tiny.npz(source / 'model.npz', WEIGHTS)
        tiny.make(source / 'w.npy', tiny.npy('w', 'F32', (16, 32)))
        tiny.gguf_file(source / 'model.gguf', 'llama', WEIGHTS)
        for name, path in {'old.pth': 'pytorch/simple_legacy.pt', 'tf_model.h5': 'keras/model.h5',
                           'm.keras': 'keras/model.keras', 'flax_model.msgpack': 'twins/gpt2-tied.flax.msgpack',
                           'model.onnx': 'onnx-models/bert.onnx', 'm.tflite': 'tensorflow/kws_ref_model_float32.tflite',
                           'tokenizer.model': 'tokenizer/vocabularies/test_model.model'}.items():
            tiny.make(source / name, (DATA / path).read_bytes())
        return sorted(source.iterdir())

    def test_cut_and_empty_files_of_every_format(self):
        for source in self.whole_files():
            whole = source.read_bytes()
            self.fresh()
            tiny.make(self.folder / source.name, whole)
            self.publish('--no-smoke')
            for size in (len(whole) // 2, 7, 0):
                tiny.make(self.folder / source.name, whole[:size])
                result = self.publish('--no-smoke', expect=None)
                self.assertEqual(result.code, 9, f'{source.name}, {size} of {len(whole)}: {result.out} {result.err}')
                self.assertIn(source.name, result.err)
            self.publish('--no-smoke', '--allow-incomplete')

    def test_data_beside_an_onnx_model_that_is_cut_or_gone(self):
        for size in (100, 0, None):
            self.fresh()
            for name in ('external.onnx', 'external.data'):
                tiny.make(self.folder / name, (DATA / 'onnx-models' / name).read_bytes())
            self.publish('--no-smoke')
            if size is None:
                os.remove(self.folder / 'external.data')
            else:
                tiny.make(self.folder / 'external.data', (DATA / 'onnx-models' / 'external.data').read_bytes()[:size])
            self.assertIn('external.data', self.publish('--no-smoke', expect='policy').err)
            self.publish('--no-smoke', '--allow-incomplete')

    def test_tensorflow_variables_that_are_cut_or_gone(self):
        whole = DATA / 'tensorflow/saved_model_half_plus_two'
        for name, keep in (('variables.data-00000-of-00001', 5), ('variables.data-00000-of-00001', None),
                           ('variables.index', 40), ('variables.index', None)):
            self.fresh()
            shutil.copytree(whole, self.folder, dirs_exist_ok=True)
            self.publish('--no-smoke')
            path = self.folder / 'variables' / name
            if keep is None:
                os.remove(path)
            else:
                path.write_bytes(path.read_bytes()[:keep])
            self.assertIn('variables', self.publish('--no-smoke', expect='policy').err)
            self.publish('--no-smoke', '--allow-incomplete')

    def test_a_sentence_encoder_without_a_module(self):
        shutil.copytree(DATA / 'encoders/sentence-bert-mean', self.folder, dirs_exist_ok=True)
        self.publish()
        shutil.rmtree(self.folder / '1_Pooling')
        self.assertIn('1_Pooling/config.json', self.publish(expect='policy').err)
        self.publish('--no-smoke', '--allow-incomplete')

    def test_a_newer_gguf_is_not_understood(self):
        tiny.gguf_file(self.folder / 'model.gguf', 'llama', {'t': ('F32', (4, 4))})
        data = bytearray((self.folder / 'model.gguf').read_bytes())
        data[4] = 4
        tiny.make(self.folder / 'model.gguf', bytes(data))
        self.assertIn('not understood', self.publish('--no-smoke').err)

    def test_pages_in_place_of_weights(self):
        for text in ('<!DOCTYPE html><html>Sign in</html>', '{"error":"Repository not found"}', 'Entry not found'):
            for name in ('model.safetensors', 'pytorch_model.bin', 'model.gguf', 'x.npz', 'x.onnx'):
                self.fresh()
                tiny.make(self.folder / name, text)
                self.assertIn(name, self.publish(expect='policy').err)

    def test_downloads_that_are_not_finished(self):
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        for name in ('b.safetensors.part', 'x.incomplete', 'c.gguf.tmp', 'd.bin.crdownload'):
            tiny.make(self.folder / name, b'\1\2')
            self.assertIn('unfinished download', self.publish(expect='policy').err)
            os.remove(self.folder / name)

    def test_shards_that_are_missing(self):
        for ending, write in (('.safetensors', tiny.safetensors), ('.bin', tiny.torch_file), ('.npz', tiny.npz)):
            for index in (True, False):
                self.fresh()
                tiny.shards(self.folder, 'model', {f'w.{i}': ('F32', (4, 4)) for i in range(6)}, write, ending, parts=3)
                if not index:
                    os.remove(self.folder / f'model{ending}.index.json')
                self.publish('--no-smoke')
                os.remove(self.folder / f'model-00002-of-00003{ending}')
                refused = self.publish('--no-smoke', expect='policy').err
                self.assertIn(f'model-00002-of-00003{ending}', refused)
                self.publish('--no-smoke', '--allow-incomplete')

    def test_an_index_that_its_shards_contradict(self):
        for stem, ending, write in (('model', '.safetensors', tiny.safetensors), ('pytorch_model', '.bin', tiny.torch_file)):
            for change in ('more', 'fewer', 'elsewhere'):
                self.fresh()
                tiny.shards(self.folder, stem, {f'w.{i}': ('F32', (4, 4)) for i in range(4)}, write, ending)
                path = self.folder / f'{stem}{ending}.index.json'
                index = json.loads(path.read_text())
                names = index['weight_map']
                if change == 'more':
                    names['w.9'] = names['w.0']
                elif change == 'fewer':
                    del names['w.3']
                else:
                    names['w.0'] = f'{stem}-00007-of-00007{ending}'
                path.write_text(json.dumps(index))
                self.assertIn(path.name, self.publish('--no-smoke', expect='policy').err)
        self.fresh()
        tiny.put_json(self.folder / 'tf_model.h5.index.json', {'weight_map': {'a/b:0': 'tf_model-00001-of-00002.h5'}})
        self.assertIn('tf_model-00001-of-00002.h5', self.publish(expect='policy').err)

    def test_what_is_not_understood_is_published(self):
        for name in ('model.bin', 'x.pt', 'y.ckpt', 'z.pdparams', 'm.onnx', 'tokenizer.model', 'rest.msgpack.gz'):
            tiny.make(self.folder / name, b'\xfe\xed' + bytes(range(200)))
        tiny.make(self.folder / 'vectors.bin', '3 2\n' + 'a 1 2\n')
        self.publish()

    def test_malformed_tokenizers(self):
        whole = (FAMILY / 'step-0/tokenizer.json').read_text()
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        for text in (whole[:900], '{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}'):
            (self.folder / 'tokenizer.json').write_text(text)
            self.assertIn('tokenizer', self.publish(expect='policy').err)
        for text in ('{"class_name": "Tokenizer", "config": {}}', whole.replace('"BPE"', '"Novel"')):
            (self.folder / 'tokenizer.json').write_text(text)
            self.assertIn('not understood', self.publish().err)


class LeftOutTest(PublishTest):
    def setUp(self):
        super().setUp()
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        for path in ('.cache/huggingface/x', '.ipynb_checkpoints/x', '__pycache__/x.pyc', '.DS_Store', '.env', '.git/config',
                     '._model.safetensors', 'runs/events', 'sub/notes.txt'):
            tiny.make(self.folder / path, 'x')
        os.makedirs(self.folder / '.venv/bin')
        os.symlink('/usr/bin/python3', self.folder / '.venv/bin/python')

    def test_what_no_release_should_hold(self):
        result = self.publish()
        self.assertEqual(set(self.files(result)), {'model.safetensors', 'runs/events', 'sub/notes.txt'})
        line, = [line for line in result.err.splitlines() if line.startswith('Left out: ')]
        self.assertIn('.cache/', line)
        left_out = self.publish('--json').json['left_out']
        self.assertEqual(left_out, ['.DS_Store', '._model.safetensors', '.cache/', '.env', '.ipynb_checkpoints/', '.venv/',
                                    '__pycache__/'])
        self.plumb('inspect', self.folder)
        self.plumb('convert', self.folder, self.tmp / 'x.npz')

    def test_the_publishers_own_rules(self):
        tiny.make(self.folder / '.plumbignore', '# mine\nruns/\n!.DS_Store\n')
        tiny.make(self.folder / '.gitignore', '*.safetensors\n')
        self.publish()
        self.assertEqual(set(self.files('lab/m@v1')), {'.DS_Store', '.gitignore', 'model.safetensors', 'sub/notes.txt'})
        self.publish('--exclude', 'sub/', '--exclude', '/.gitignore', '--exclude', '.DS_Store')
        self.assertEqual(set(self.files('lab/m@v2')), {'model.safetensors'})
        self.publish('--include', '*.safetensors', '--include', 'sub/**')
        self.assertEqual(set(self.files('lab/m@v3')), {'model.safetensors', 'sub/notes.txt'})
        self.publish('--include', '*.nothing', expect=None)

    def test_a_dry_run_asks_no_registry(self):
        env = {'PLUMB_REGISTRY': '127.0.0.1:1'}
        dry = self.plumb('publish', 'lab/m@v9', self.folder, '--license', 'MIT', '--dry-run', '--json', env=env).json
        self.assertEqual({f['path'] for f in dry['files']}, {'model.safetensors', 'runs/events', 'sub/notes.txt'})
        self.assertEqual((dry['kind'], dry['license'], dry['dry_run']), ('weights', 'MIT', True))
        self.assertIn('.cache/', dry['left_out'])
        shown = self.plumb('publish', 'lab/m@v9', self.folder, '--dry-run', env=env)
        for part in ('model.safetensors', 'lab/m@v9', 'none stated', 'left out: .cache/'):
            self.assertIn(part, shown.out)
        tiny.make(self.folder / 'model.gguf', POINTER)
        self.plumb('publish', 'lab/m@v9', self.folder, '--dry-run', env=env, expect='policy')


class SecretsTest(PublishTest):
    def test_keys_and_tokens(self):
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        tiny.make(self.folder / 'train/run.sh', f'set -e\nexport HF_TOKEN={TOKEN}\n')
        refused = self.publish(expect='policy').err
        self.assertIn('train/run.sh, line 2, holds a Hugging Face token', refused)
        self.assertNotIn(TOKEN, refused)
        self.assertIn('--allow-secrets', refused)
        self.assertIn('line 2', self.publish('--allow-secrets').err)
        self.publish('--exclude', 'train/')
        tiny.make(self.folder / 'train/run.sh', 'export HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n')
        self.publish()
        tiny.make(self.folder / 'id_rsa', 'x')
        self.assertIn('id_rsa', self.publish(expect='policy').err)


class RecipeTest(PublishTest):
    def test_a_bad_recipe_spends_no_version(self):
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        recipe = self.folder / 'recipe.yaml'
        recipe.write_text('steps: 5\ntotals: {steps: {value: 5, provenance: measured}}\n')
        refused = self.plumb('publish', 'lab/r@v1', self.folder, '--license', 'MIT', expect='policy').err
        self.assertIn('schema_version', refused)
        recipe.write_text('schema_version: 1\ntotals: {steps: {value: 5, provenance: measured}}\n')
        self.plumb('publish', 'lab/r@v1', self.folder, '--license', 'MIT')

    def test_other_tools_recipes_are_files(self):
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        tiny.make(self.folder / 'recipe.yaml', 'default_stage:\n  default_modifiers:\n    GPTQModifier: {scheme: W4A16}\n')
        self.assertIn('recipe.yaml is not understood', self.publish().err)
        self.assertIn('training script', self.publish('--recipe', self.write_flat()).err)

    def test_other_tools_write_them_as_they_like(self):
        tiny.safetensors(self.folder / 'model.safetensors', WEIGHTS)
        for name, text in (('recipe.yaml', 'base: &b {x: 1}\nmodels: [*b, *b]\n'), ('recipe.yaml', 'a: 1\n---\nb: 2\n'),
                           ('recipe.yaml', '- 1\n- 2\n'), ('recipe.yaml', ''), ('recipe.json', '{"lr": NaN}')):
            tiny.make(self.folder / name, text)
            self.assertIn(f'{name} is not understood', self.publish().err)
            os.remove(self.folder / name)
        # Ours, and broken.
        tiny.make(self.folder / 'recipe.yaml', 'schema_version: 1\n---\nb: 2\n')
        self.publish(expect='policy')

    def write_flat(self):
        tiny.put_json(self.tmp / 'flat.json', {'steps': 5, 'batch_size': 4, 'lr_max': 1e-3, 'schema': 'steps'})
        return self.tmp / 'flat.json'


class GoldenTest(PublishTest):
    def setUp(self):
        super().setUp()
        for name in ('config.json', 'model.safetensors'):
            shutil.copy(DATA / 'architectures/llama-gqa' / name, self.folder)

    def test_goldens_lie_where_no_loader_looks(self):
        self.publish()
        self.assertTrue(self.files('lab/m@v1')['smoke/model.golden']['generated'])
        pulled = self.tmp / 'pulled'
        self.plumb('pull', 'lab/m@v1', pulled)
        self.assertEqual([p.name for p in pulled.glob('*.safetensors')], ['model.safetensors'])
        self.assertEqual(self.plumb('smoke', pulled, '--json', '--backend', 'reference').json['verdict'], 'pass')
        self.plumb('golden', 'record', self.folder)
        self.assertTrue((self.folder / 'smoke/model.golden').exists())
        self.assertEqual(self.plumb('smoke', self.folder, '--json', '--backend', 'reference').json['verdict'], 'pass')

    def test_the_old_place_is_still_read(self):
        shutil.copy(DATA / 'architectures/llama-gqa/golden.safetensors', self.folder)
        result = self.publish()
        self.assertIn('smoke/model.golden', result.err)
        case, = self.plumb('show', 'lab/m@v1', '--manifest', '--json').json['manifest']['smoke_cases']
        self.assertEqual((case['golden_path'], case['recorded_by']), ('golden.safetensors', 'publisher'))

    def test_a_pulled_folder_published_again(self):
        self.publish()
        pulled = self.tmp / 'pulled'
        self.plumb('pull', 'lab/m@v1', pulled)
        same = self.plumb('publish', 'lab/m@v1', pulled, '--license', 'MIT', '--json').json
        self.assertEqual(same['new_chunks'], 0)
        tiny.make(pulled / 'notes.md', 'changed\n')
        self.plumb('publish', 'lab/m@v2', pulled, '--license', 'MIT')
        manifest = self.plumb('show', 'lab/m@v2', '--manifest', '--json').json['manifest']
        self.assertEqual(manifest['lineage']['parent_reference'], 'lab/m@v1')
        self.assertEqual(manifest['smoke_cases'][0]['recorded_by'], 'reference')
        other = self.new_server('other')
        self.use(other)
        self.plumb('publish', 'lab/m@v3', pulled, '--license', 'MIT')
        manifest = self.plumb('show', 'lab/m@v3', '--manifest', '--json').json['manifest']
        self.assertEqual(manifest['lineage']['parent_reference'], 'lab/m@v1')


if __name__ == '__main__':
    unittest.main()
