"""`plumb convert` as a person runs it: formats by name, messages, what is left when it is stopped."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from harness import BIN, FAMILY, PlumbTest, read_safetensors, write_safetensors

LLAMA = pathlib.Path(__file__).resolve().parents[1] / 'data' / 'architectures' / 'llama-gqa'
SMALL = FAMILY / 'step-3000' / 'model.safetensors'
SPARSE_GIB = int(os.environ.get('PLUMB_CONVERT_GIB', '2'))


class ConvertTest(PlumbTest):
    start_server = False

    def convert(self, *args, expect='done'):
        return self.plumb('convert', *args, expect=expect)

    def sparse(self, gib, dtype='F32'):
        path, size = self.tmp / 'sparse.safetensors', 256 << 20
        header = {f't{i}': {'dtype': dtype, 'shape': [size // 4096, 1024], 'data_offsets': [i * size, (i + 1) * size]}
                  for i in range(gib * 4)}
        write_safetensors(path, header, b'')
        os.truncate(path, path.stat().st_size + (gib << 30))
        return path

    def test_there_and_back_by_every_format(self):
        header, data = read_safetensors(SMALL)
        for name in ('a.gguf', 'a.pt', 'a.pth', 'a.bin', 'a.safetensors'):
            self.convert(SMALL, self.tmp / name, '--keep-names')
            self.convert(self.tmp / name, self.tmp / 'back.safetensors', '--force')
            back, back_data = read_safetensors(self.tmp / 'back.safetensors')
            for tensor in header.keys() - {'__metadata__'}:
                begin, end = header[tensor]['data_offsets']
                back_begin, back_end = back[tensor]['data_offsets']
                self.assertEqual(data[begin:end], back_data[back_begin:back_end], (name, tensor))

    def test_result_and_types(self):
        result = self.convert(SMALL, self.tmp / 'a.gguf', '--keep-names', '--dtype', 'q8_0', '--json').json
        self.assertEqual((result['format'], result['source_format']), ('gguf', 'safetensors'))
        self.assertEqual(result['bytes'], (self.tmp / 'a.gguf').stat().st_size)
        types = {each['dtype']: each['tensor_count'] for each in result['types']}
        self.assertEqual(set(types), {'Q8_0', 'F32'})
        self.assertEqual(result['left_f32'], types['F32'])
        self.assertEqual(sum(types.values()), result['tensor_count'])
        described = self.plumb('inspect', self.tmp / 'a.gguf', '--json').json['containers'][0]
        self.assertEqual({t['dtype']: t['tensor_count'] for t in described['types']}, types)
        text = self.convert(SMALL, self.tmp / 'b.gguf', '--keep-names', '--dtype', 'Q8_0').out
        self.assertIn(f"{types['F32']} tensors not Q8_0 but F32", text)

    def test_model_for_llama_cpp(self):
        result = self.convert(LLAMA, self.tmp / 'a.gguf', '--dtype', 'f32', '--json').json
        self.assertTrue(result['runnable'])
        self.assertEqual(self.plumb('diff', LLAMA, self.tmp / 'a.gguf', '--json').json['verdict'], 'same')
        described = self.plumb('inspect', self.tmp / 'a.gguf', '--tensors', '--json').json['containers'][0]
        self.assertIn('blk.0.attn_q.weight', [tensor['name'] for tensor in described['tensors']])

    def test_what_llama_cpp_cannot_run(self):
        folder = self.tmp / 'folder'
        folder.mkdir()
        (folder / 'model.safetensors').write_bytes(SMALL.read_bytes())
        config = json.loads((FAMILY / 'step-3000' / 'config.json').read_text())
        for family in (None, 'unheard'):
            if family:
                (folder / 'config.json').write_text(json.dumps(config | {'model_type': family}))
            result = self.convert(folder, self.tmp / 'a.gguf', '--force', '--json')
            self.assertIn('keep their names', result.err)
            self.assertFalse(result.json['runnable'])
        (folder / 'config.json').write_text(json.dumps(config))
        error = self.convert(folder, self.tmp / 'b.gguf', expect='policy').err
        self.assertIn('function of the feed-forward: GELU in config.json', error)
        self.assertIn('--keep-names', error)
        self.assertFalse((self.tmp / 'b.gguf').exists())
        self.assertFalse(self.convert(folder, self.tmp / 'b.gguf', '--keep-names', '--json').json['runnable'])

    def test_wrong_calls(self):
        self.assertIn('--format', self.convert(SMALL, self.tmp / 'a.model', expect='usage').err)
        self.assertIn('safetensors, gguf, npz or pytorch', self.convert(SMALL, self.tmp / 'a', '--format', 'h5', expect='usage').err)
        self.assertIn('unknown type "q9"', self.convert(SMALL, self.tmp / 'a.gguf', '--dtype', 'q9', expect='usage').err)
        self.convert(self.tmp / 'missing', self.tmp / 'a.gguf', expect='not found')
        self.convert(FAMILY / 'LICENSE', self.tmp / 'a.gguf', expect='policy')
        self.assertIn('q8_0 cannot be made in npz', self.convert(SMALL, self.tmp / 'a.npz', '--dtype', 'q8_0', expect='usage').err)
        self.assertEqual(sorted(p.name for p in self.tmp.iterdir()), [])

    def test_format_overrules_the_name(self):
        self.convert(SMALL, self.tmp / 'weights', '--keep-names', '--format', 'gguf')
        self.assertEqual((self.tmp / 'weights').read_bytes()[:4], b'GGUF')

    def test_what_is_there_stays_without_force(self):
        target = self.tmp / 'a.pt'
        target.write_text('precious')
        error = self.convert(SMALL, target, expect='failed').err
        self.assertIn(f'plumb convert {SMALL} {target} --force', error)
        self.assertEqual(target.read_text(), 'precious')
        self.convert(SMALL, target, '--force')
        self.assertEqual([p.name for p in self.tmp.iterdir()], ['a.pt'])

    def test_folder_and_shards(self):
        self.convert(FAMILY / 'step-1000', self.tmp / 'a.gguf', '--keep-names')
        folder = self.tmp / 'two'
        folder.mkdir()
        for name in ('a.safetensors', 'b.safetensors'):
            (folder / name).write_bytes(SMALL.read_bytes())
        error = self.convert(folder, self.tmp / 'b.gguf', expect='usage').err
        self.assertIn('2 models, name the file of one', error)

    def unknown(self, name='later.safetensors'):
        """A file with a tensor of a dtype that nobody knows yet, beside one that is known."""
        path = self.tmp / name
        write_safetensors(path, {'n': {'dtype': 'F8_NEW', 'shape': [4], 'data_offsets': [0, 4]},
                                 'w': {'dtype': 'F32', 'shape': [2], 'data_offsets': [4, 12]}}, bytes(range(12)))
        return path

    def test_nothing_is_dropped_in_silence(self):
        path, target = self.unknown(), self.tmp / 'out.pt'
        error = self.convert(path, target, expect='policy').err
        self.assertIn('1 of 2 tensors cannot be written as PyTorch: tensor "n" is of the type "F8_NEW"', error)
        self.assertIn(f'plumb convert {path} {target} --skip', error)
        self.assertFalse(target.exists())
        result = self.convert(path, target, '--skip', '--json')
        self.assertEqual(result.json['skipped'], [{'name': 'n', 'why': 'is of the type "F8_NEW", which is not read'}])
        self.assertEqual(result.json['tensor_count'], 1)
        self.assertIn('left out: tensor', result.err)
        found = self.plumb('diff', path, target, '--json').json
        self.assertEqual((found['verdict'], found['unread_a'][0]['name']), ('differs', 'n'))
        self.assertIn('not the same model', found['summary'])
        self.assertEqual(self.plumb('diff', path, path, '--json').json['verdict'], 'same')

    def test_what_the_format_cannot_hold_is_skipped_too(self):
        path = self.tmp / 'mask.safetensors'
        write_safetensors(path, {'mask': {'dtype': 'BOOL', 'shape': [4], 'data_offsets': [0, 4]},
                                 'w': {'dtype': 'F32', 'shape': [2], 'data_offsets': [4, 12]}}, bytes(12))
        self.assertIn('"mask" is BOOL', self.convert(path, self.tmp / 'a.gguf', expect='policy').err)
        self.assertEqual(self.convert(path, self.tmp / 'a.gguf', '--skip', '--json').json['skipped'][0]['name'], 'mask')

    def test_rows_that_do_not_fit_a_quantisation(self):
        path = self.tmp / 'narrow.safetensors'
        write_safetensors(path, {'w': {'dtype': 'F32', 'shape': [4, 32], 'data_offsets': [0, 512]},
                                 'v': {'dtype': 'F32', 'shape': [4, 31], 'data_offsets': [512, 1008]}}, bytes(1008))
        result = self.convert(path, self.tmp / 'a.gguf', '--keep-names', '--dtype', 'q4_k', '--json')
        self.assertEqual({each['dtype']: each['tensor_count'] for each in result.json['fallbacks']}, {'Q5_0': 1, 'F16': 1})
        self.assertIn('rows do not fit q4_k', result.err)
        write_safetensors(path, {'v': {'dtype': 'F32', 'shape': [4, 31], 'data_offsets': [0, 496]}}, bytes(496))
        error = self.convert(path, self.tmp / 'b.gguf', '--keep-names', '--dtype', 'q4_k', expect='policy').err
        self.assertIn('no tensor can be made q4_k', error)
        self.assertFalse((self.tmp / 'b.gguf').exists())

    def test_warnings(self):
        path = self.tmp / 'large.safetensors'
        write_safetensors(path, {'__metadata__': {'k': 'v'}, 'w': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}},
                          bytes.fromhex('00247449'))  # 1,000,000
        result = self.convert(path, self.tmp / 'a.npz', '--dtype', 'f16', '--json')
        self.assertEqual(result.json['overflowed'], [{'tensor': 'w', 'values': 1}])
        self.assertEqual(result.json['dropped_metadata'], ['k'])
        warnings = [json.loads(line)['warning'] for line in result.err.splitlines()]
        self.assertEqual(len(warnings), 2)
        self.assertIn('1 value in 1 tensor too large for the new type', warnings[0])

    def start_and_signal(self, number):
        """Sends a signal while the data are being written; what the process returned."""
        path = self.tmp / 'sparse.safetensors'
        process = subprocess.Popen([str(BIN / 'plumb'), 'convert', str(path), str(self.tmp / 'out.npz'), '--quiet'], env=self.env)
        # Its own file has no name; it is seen among the open ones.
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            links = [os.readlink(link) for link in pathlib.Path(f'/proc/{process.pid}/fd').iterdir() if link.is_symlink()]
            if any(str(self.tmp) in link and 'sparse' not in link for link in links):
                break
            time.sleep(0.01)
        process.send_signal(number)
        return process.wait(timeout=60)

    def test_killed_or_interrupted_leaves_nothing(self):
        self.sparse(SPARSE_GIB)
        for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 130)):
            self.assertEqual(self.start_and_signal(number), code)
            self.assertEqual([p.name for p in self.tmp.iterdir()], ['sparse.safetensors'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
