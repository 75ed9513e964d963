"""libtorch as a second opinion: only when it is asked for."""
import unittest

from harness import DATA, FAMILY, PlumbTest


class SmokeTorchTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        rows = self.plumb('backends', '--quick', '--json', '--backend', 'torch').json['backends']
        self.assertEqual([row['name'] for row in rows], ['torch'])
        self.row = rows[0]
        self.folder = self.copy_of(FAMILY / 'step-3000', 'model')
        (self.folder / 'model-bf16.safetensors').unlink()  # Nothing is recorded of it.

    def need(self):
        if not self.row['available']:
            self.skipTest(self.row['detail'])

    def test_a_machine_without_it_says_what_is_missing(self):
        if self.row['available']:
            self.skipTest('libtorch is here')
        self.assertIn('libtorch-dev', self.row['detail'])

    def test_it_is_left_out_unless_it_is_named(self):
        report = self.plumb('smoke', self.folder, '--json').json
        self.assertNotIn('torch', [b['name'] for b in report['backends']])

    def test_agrees_with_what_pytorch_recorded(self):
        self.need()
        self.assertEqual(self.row['self_test'], 'pass', self.row['detail'])
        report = self.plumb('smoke', self.folder, '--json', '--backend', 'torch,reference').json
        self.assertEqual(report['verdict'], 'pass')
        backends = {b['name']: b for b in report['backends']}
        self.assertLess(backends['torch']['nmse'], 1e-11)
        self.assertGreater(backends['torch']['coverage'], 0.99)

    def test_a_quantised_file(self):
        self.need()
        report = self.plumb('smoke', DATA / 'gguf-models' / 'qwen2-q4_0.gguf', '--json', '--backend', 'torch').json
        self.assertEqual(report['verdict'], 'pass')


if __name__ == '__main__':
    unittest.main()
