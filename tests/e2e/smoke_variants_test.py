"""Variants of backends: oneDNN held to instruction sets, in processes of their own, and its bfloat16 products."""
import os
import pathlib
import shutil
import signal
import time
import unittest

from harness import DATA, EXIT, FAMILY, PlumbTest, read_safetensors, write_safetensors

VARIANTS = ['onednn:bf16', 'onednn:avx2', 'onednn:avx512']


def children_of(process):
    listed = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children')
    try:
        return [int(n) for n in listed.read_text().split()]
    except FileNotFoundError:
        return []


class SmokeVariantsTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        self.folder = self.copy_of(FAMILY / 'step-3000', 'model')
        (self.folder / 'model-bf16.safetensors').unlink()
        rows = {b['name']: b for b in self.plumb('backends', '--quick', '--json').json['backends']}
        self.here = [name for name in VARIANTS if rows[name]['available']]
        if not self.here:
            self.skipTest('this processor has none of oneDNN\'s variants')

    def smoke(self, *args, expect='done'):
        return self.plumb('smoke', self.folder, '--json', *args, expect=expect).json

    def limit(self, backend, gate, name='nmse'):
        gates = {g['name']: g for g in backend['gates']}
        return next(m for m in gates[gate]['measures'] if m['name'] == name)

    def test_backends_lists_them_with_what_they_compute_in(self):
        rows = {b['name']: b for b in self.plumb('backends', '--quick', '--json').json['backends']}
        self.assertEqual(rows['onednn']['variants'], VARIANTS)
        self.assertEqual([rows[n]['dtypes'] for n in ('reference', 'onednn', *VARIANTS)],
                         [['f32'], ['f32'], ['bf16'], ['f32'], ['f32']])
        for name in self.here:
            self.assertEqual(rows[name]['self_test'], 'pass', rows[name]['detail'])
        if 'onednn:avx2' in self.here:
            self.assertTrue(rows['onednn:avx2']['description'].endswith(' AVX2'))
        only = self.plumb('backends', '--quick', '--json', '--backend', 'onednn:avx2,reference').json['backends']
        self.assertEqual([b['name'] for b in only], ['onednn:avx2', 'reference'])
        table = self.plumb('backends', '--quick').out
        for name in ('bf16', *VARIANTS):
            self.assertIn(name, table)

    def test_each_agrees_within_its_own_limits(self):
        report = self.smoke('--backend', ','.join(['onednn', *self.here, 'reference']))
        self.assertEqual(report['verdict'], 'pass')
        backends = {b['name']: b for b in report['backends']}
        self.assertEqual(set(backends), {'onednn', 'reference', *self.here})
        for name, backend in backends.items():
            bf16 = name == 'onednn:bf16'
            measure = self.limit(backend, 'golden')
            self.assertEqual(measure['at_most'], 1e-4 if bf16 else 1e-9, name)
            self.assertLess(measure['value'], 5e-5 if bf16 else 1e-11)
            if bf16:
                self.assertGreater(measure['value'], 1e-7, 'nothing was rounded')
                self.assertEqual(self.limit(backend, 'cross_backend')['at_most'], 1e-4)
            self.assertGreater(backend['coverage'], 0.99)
            self.assertGreaterEqual(backend['planned_peak_bytes'], backend['peak_bytes'])
        table = self.plumb('smoke', self.folder, '--backend', self.here[-1], '--explain').out
        self.assertIn(self.here[-1], table)
        self.assertIn('nmse', table)

    def test_a_file_alone(self):
        for suffix in ('.gguf', '.golden.safetensors'):
            shutil.copy(DATA / 'gguf-models' / f'qwen2-q4_0{suffix}', self.tmp / f'-x{suffix}')
        report = self.plumb('smoke', '--json', '--backend', self.here[-1], '--', self.tmp / '-x.gguf').json
        self.assertEqual([(b['name'], b['verdict']) for b in report['backends']], [(self.here[-1], 'pass')])

    def test_without_all_of_them_unless_asked(self):
        names = [b['name'] for b in self.smoke()['backends']]
        self.assertEqual([n for n in names if ':' in n], [])
        self.plumb('smoke', self.folder, '--backend', 'all,onednn:bf16', expect='usage')
        self.assertIn('onednn:avx2', self.plumb('smoke', self.folder, '--backend', 'onednn:mmx,abc', expect='usage').err
                      + self.plumb('smoke', self.folder, '--backend', 'abc', expect='usage').err)

    def test_a_fault_fails_on_each(self):
        header, data = read_safetensors(self.folder / 'model.safetensors')
        begin, end = header['transformer.h.1.mlp.c_fc.weight']['data_offsets']
        data[begin:begin + (end - begin) // 4] = bytes((end - begin) // 4)
        write_safetensors(self.folder / 'model.safetensors', header, data)
        report = self.smoke('--backend', ','.join(self.here), expect='smoke')
        self.assertEqual({b['name']: b['verdict'] for b in report['backends']}, {n: 'fail' for n in self.here})
        self.assertIn(self.here[-1], self.plumb('smoke', self.folder, '--backend', self.here[-1], expect='smoke').err)

    def test_what_is_wrong_with_the_call_is_so_in_its_own_process_too(self):
        error = self.plumb('smoke', self.folder, '--backend', self.here[-1], '--positions', 100000, expect='usage').err
        self.assertIn('positions', error)

    def child_of(self, process):
        deadline = time.time() + 60
        while time.time() < deadline and process.poll() is None:
            if children := children_of(process):
                return children[0]
        self.skipTest('it was over before its child was seen')

    def test_a_crash_says_nothing_of_the_model_and_names_the_signal(self):
        name = self.here[-1]
        if name == 'onednn:bf16':
            self.skipTest('only bf16, which needs no process')
        process = self.start_plumb('smoke', self.folder, '--backend', name, '--json')
        child = self.child_of(process)
        os.kill(child, signal.SIGSEGV)
        out, err = process.communicate(timeout=120)
        if '"verdict":"pass"' in out:
            self.skipTest('it was over before the signal came')
        self.assertEqual(process.returncode, EXIT['done'])
        self.assertIn('"verdict":"inconclusive"', out)
        self.assertIn('signal SEGV', out)
        self.assertIn(name, err)

    def test_an_interrupt_ends_it(self):
        name = self.here[-1]
        if name == 'onednn:bf16':
            self.skipTest('only bf16, which needs no process')
        process = self.start_plumb('smoke', self.folder, '--backend', name, '--json')
        child = self.child_of(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        if process.returncode == 0:
            self.skipTest('it was over before the signal came')
        self.assertEqual(process.returncode, EXIT['interrupted'])
        self.assertFalse(pathlib.Path(f'/proc/{child}').exists())


if __name__ == '__main__':
    unittest.main(verbosity=2)
