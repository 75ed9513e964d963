"""The check while a model is being pulled, goldens that `golden record` writes, and what `backends` says."""
import json
import signal
import time
import unittest

from harness import DATA, FAMILY, PlumbTest, read_safetensors, write_safetensors


class PullSmokeTest(PlumbTest):
    def publish(self, folder, *flags):
        self.plumb('publish', 'lab/tiny@v1', folder, '--license', 'Apache-2.0', *flags)

    def leftovers(self, folder):
        return [p.name for p in (folder / '.plumb').iterdir() if p.name.startswith('smoke-')]

    def test_the_verdict_comes_with_the_pull(self):
        self.publish(FAMILY / 'step-3000')
        target = self.tmp / 'pulled'
        report = self.plumb('pull', 'lab/tiny@v1', target, '--smoke', '--no-cache', '--json').json['smoke']
        self.assertEqual(report['verdict'], 'pass')
        self.assertEqual([b['name'] for b in report['backends']], ['onednn'])
        self.assertEqual({c['name'] for c in report['backends'][0]['cases']}, {'model', 'model-bf16'})
        self.assertEqual(self.leftovers(target), [])
        self.plumb('verify', target)

    def test_what_is_there_already_is_checked_all_the_same(self):
        self.publish(FAMILY / 'step-3000')
        target = self.tmp / 'pulled'
        self.plumb('pull', 'lab/tiny@v1', target, '--no-cache')
        report = self.plumb('pull', 'lab/tiny@v1', target, '--smoke', '--json').json['smoke']
        self.assertEqual(report['verdict'], 'pass')

    def test_a_slow_link_changes_nothing(self):
        self.publish(FAMILY / 'step-3000')
        report = self.plumb('pull', 'lab/tiny@v1', self.tmp / 'slow', '--smoke', '--no-cache', '--max-rate', '2MB',
                            '--json').json
        self.assertEqual(report['smoke']['verdict'], 'pass')

    def test_a_wrong_model_fails_on_every_backend(self):
        folder = self.copy_of(FAMILY / 'step-3000', 'wrong')
        (folder / 'model-bf16.safetensors').unlink()
        header, data = read_safetensors(folder / 'model.safetensors')
        begin, end = header['transformer.h.2.mlp.c_fc.weight']['data_offsets']
        data[begin:begin + 4096] = bytes(4096)
        write_safetensors(folder / 'model.safetensors', header, data)
        self.publish(folder, '--no-smoke')  # It has the golden of the right weights.
        result = self.plumb('pull', 'lab/tiny@v1', self.tmp / 'pulled', '--smoke', '--no-cache', '--json', expect='smoke')
        report = result.json['smoke']
        self.assertEqual(report['verdict'], 'fail')
        self.assertIn('reference', [b['name'] for b in report['backends']])
        self.assertEqual(self.leftovers(self.tmp / 'pulled'), [])

    def test_an_interrupted_pull_ends_the_check(self):
        self.publish(FAMILY / 'step-3000')
        target = self.tmp / 'pulled'
        process = self.start_plumb('pull', 'lab/tiny@v1', target, '--smoke', '--no-cache', '--max-rate', '300KB')
        deadline = time.time() + 60
        while time.time() < deadline and not (target / '.plumb' / 'partial').is_dir():
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        process.stdout.close(), process.stderr.close()
        self.assertEqual(self.leftovers(target), [])
        report = self.plumb('pull', 'lab/tiny@v1', target, '--smoke', '--no-cache', '--json').json['smoke']
        self.assertEqual(report['verdict'], 'pass')


class GoldenTest(PlumbTest):
    start_server = False

    def test_recorded_goldens_pass_every_gate(self):
        folder = self.copy_of(DATA / 'inference' / 'llama-shakespeare', 'model')
        (folder / 'golden.safetensors').unlink()
        self.assertEqual(self.plumb('smoke', folder, '--json').json['verdict'], 'inconclusive')
        recorded = self.plumb('golden', 'record', folder, '--json').json['goldens']
        self.assertEqual([g['golden_path'] for g in recorded], ['smoke/model.golden'])
        report = self.plumb('smoke', folder, '--json').json
        self.assertEqual(report['verdict'], 'pass')
        for backend in report['backends']:
            if backend['verdict'] == 'not available':
                continue
            gates = {g['name']: g for g in backend['gates']}
            self.assertEqual(list(gates), ['structure', 'self_test', 'config_hash', 'cross_backend', 'golden', 'coverage'])
            self.assertEqual(gates['config_hash']['verdict'], 'pass')
            for gate in gates.values():
                for measure in gate['measures']:
                    self.assertTrue(measure['holds'], (backend['name'], gate['name'], measure))
        self.assertEqual(self.plumb('golden', 'record', folder, '--json').json['goldens'], [])

    def test_a_changed_epsilon_is_seen_by_its_hash_alone(self):
        folder = self.copy_of(DATA / 'inference' / 'llama-shakespeare', 'model')
        self.plumb('golden', 'record', folder, '--replace')
        config = json.loads((folder / 'config.json').read_text())
        (folder / 'config.json').write_text(json.dumps(config | {'rms_norm_eps': 1.0001e-5}))
        report = self.plumb('smoke', folder, '--json', expect='smoke').json
        gates = {g['name']: g['verdict'] for g in report['backends'][0]['gates']}
        self.assertEqual((gates['config_hash'], gates['golden']), ('fail', 'pass'))

    def test_a_prompt_is_recorded_with_its_text(self):
        folder = self.copy_of(FAMILY / 'step-3000', 'model')
        (folder / 'model-bf16.safetensors').unlink()
        self.plumb('golden', 'record', folder, '--prompt', 'To be, or not to be', '--replace')
        header, _ = read_safetensors(folder / 'smoke/model.golden')
        self.assertEqual(header['__metadata__']['text'], 'To be, or not to be')
        self.assertEqual(self.plumb('smoke', folder, '--json').json['verdict'], 'pass')
        self.plumb('smoke', folder, '--prompt', 'Now is the winter', '--explain')

    def test_backends_are_tested_and_measured(self):
        backends = {b['name']: b for b in self.plumb('backends', '--json').json['backends']}
        for name in ('reference', 'onednn'):
            self.assertEqual(backends[name]['self_test'], 'pass', backends[name]['detail'])
            self.assertGreater(backends[name]['matmul_gflops'], 0)
        self.assertIn('onednn', self.plumb('backends', '--quick').out)


if __name__ == '__main__':
    unittest.main(verbosity=2)
