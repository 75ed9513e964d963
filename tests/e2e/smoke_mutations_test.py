"""Every fault that a smoke check is there for is seen on the command line: exit code 7, naming the case."""
import json
import struct
import unittest

from harness import FAMILY, PlumbTest, read_safetensors, write_safetensors

WIDTH, HEADS = 128, 4


class SmokeMutationsTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        self.folder = self.copy_of(FAMILY / 'step-3000', 'model')
        (self.folder / 'model-bf16.safetensors').unlink()

    def change_weights(self, change):
        header, data = read_safetensors(self.folder / 'model.safetensors')
        change(header, data)
        write_safetensors(self.folder / 'model.safetensors', header, data)

    def change_config(self, **values):
        path = self.folder / 'config.json'
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    def expect_failure(self):
        report = self.plumb('smoke', self.folder, '--json', expect='smoke').json
        self.assertEqual(report['verdict'], 'fail')
        for backend in report['backends']:
            if backend['verdict'] != 'not available':
                self.assertEqual(backend['verdict'], 'fail', backend['name'])
        text = self.plumb('smoke', self.folder, expect='smoke')
        self.assertRegex(text.out + text.err, r'\bmodel\b.*:')
        measured = {b['name']: b['nmse'] for b in report['backends']}
        print(self.id().split('.')[-1], measured, flush=True)

    def test_unchanged_it_passes(self):
        self.assertEqual(self.plumb('smoke', self.folder, '--json').json['verdict'], 'pass')

    def test_two_layers_swapped(self):
        def swap(header, data):
            for name in list(header):
                if name.startswith('transformer.h.1.'):
                    other = name.replace('.h.1.', '.h.2.')
                    header[name], header[other] = header[other], header[name]
        self.change_weights(swap)
        self.expect_failure()

    def test_one_matrix_transposed(self):
        def transpose(header, data):
            begin, end = header['transformer.h.1.attn.c_proj.weight']['data_offsets']
            rows = struct.unpack(f'<{WIDTH * WIDTH}f', data[begin:end])
            data[begin:end] = struct.pack(f'<{WIDTH * WIDTH}f',
                                          *(rows[j * WIDTH + i] for i in range(WIDTH) for j in range(WIDTH)))
        self.change_weights(transpose)
        self.expect_failure()

    def test_layer_norm_epsilon(self):
        self.change_config(layer_norm_epsilon=1e-2)
        self.expect_failure()

    def test_relu_for_gelu(self):
        self.change_config(activation_function='relu')
        self.expect_failure()

    def test_gelu_new_for_gelu(self):
        self.change_config(activation_function='gelu_new')
        self.expect_failure()

    def test_one_bias_zeroed(self):
        def zero(header, data):
            begin, end = header['transformer.h.0.mlp.c_fc.bias']['data_offsets']
            data[begin:end] = bytes(end - begin)
        self.change_weights(zero)
        self.expect_failure()

    def test_one_bias_left_out(self):
        def leave_out(header, data):
            bias = next(n for n in header if n.endswith('h.0.mlp.c_fc.bias'))
            kept = {n: bytes(data[slice(*header[n]['data_offsets'])]) for n in header if n not in ('__metadata__', bias)}
            del header[bias]
            data.clear()
            for n, content in kept.items():
                header[n]['data_offsets'] = [len(data), len(data) + len(content)]
                data.extend(content)
        self.change_weights(leave_out)
        text = self.plumb('smoke', self.folder, expect='policy')  # It cannot be run, so that it computes nothing else.
        self.assertIn('h.0.mlp.c_fc.bias', text.out + text.err)

    def test_one_head_zeroed(self):
        def zero(header, data):
            begin, _ = header['transformer.h.2.attn.c_proj.weight']['data_offsets']
            size = WIDTH // HEADS * WIDTH * 4  # The rows that head 1 feeds.
            data[begin + size:begin + 2 * size] = bytes(size)
        self.change_weights(zero)
        self.expect_failure()


if __name__ == '__main__':
    unittest.main(verbosity=2)
