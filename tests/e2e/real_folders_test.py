"""Every folder of real_folders.py is published, pulled, verified, inspected and compared with itself.

What publishing finds must be what the folder says: kind, form, family, licence, what it was made from; and it warns of
nothing that is not earned. One server for all, several folders at a time.
"""
import concurrent.futures
import json
import re
import unittest

from harness import PlumbTest
import real_folders
import tiny_files as tiny

AT_ONCE = 3


class RealFoldersTest(PlumbTest):
    def setUp(self):
        super().setUp()
        base = self.tmp / 'base'
        tiny.put_json(base / 'config.json', real_folders.LLAMA)
        tiny.safetensors(base / 'model.safetensors', real_folders.llama_tensors(), {'format': 'pt'})
        self.plumb('publish', 'lab/base@v1', base, '--license', 'MIT', '--quiet', '--no-smoke')

    def check_publish(self, name, expected, where):
        ref = f'lab/{name.replace("_", "-")}@v1'
        smoke = ['--no-smoke'] if expected.warns or expected.no_model else []
        published = self.plumb('publish', ref, where, '--json', *smoke)
        warnings = [json.loads(line)['warning'] for line in published.err.splitlines()]
        unearned = [w for w in warnings if not any(re.search(pattern, w) for pattern in expected.warns)]
        manifest = json.loads(self.plumb('show', ref, '--manifest', '--json').out)['manifest']
        facts = manifest['facts']
        found = {'warnings': unearned, 'kind': manifest['kind'], 'form': facts['form'], 'family': facts['family'],
                 'licence': manifest['license'], 'quantisation': facts['quantisation'],
                 'step': manifest['checkpoint'] and manifest['checkpoint']['step'],
                 'parent': manifest['lineage'] and manifest['lineage']['parent_reference']}
        wanted = {'warnings': [], 'kind': expected.kind, 'form': expected.form, 'family': expected.family,
                  'licence': expected.licence, 'quantisation': expected.quantisation, 'step': expected.step,
                  'parent': expected.parent or (expected.base and expected.base[0] == 'lab/base' and 'lab/base@v1') or None}
        if expected.library is not None:
            found['library'], wanted['library'] = facts['library'], expected.library
        if expected.base is not None:
            bases = [(base['name'], base['relation']) for base in facts['base_models']]
            found['base'], wanted['base'] = bases[:1], [expected.base]
        self.assertEqual(found, wanted)
        return ref, manifest

    def check(self, name):
        expected = real_folders.FOLDERS[name]
        where, pulled = self.tmp / name, self.tmp / 'pulled' / name
        where.mkdir()
        expected.build(where)
        ref, manifest = self.check_publish(name, expected, where)
        self.plumb('pull', ref, pulled, '--quiet', '--no-cache')
        self.assertTrue(self.plumb('verify', pulled, '--json').json['ok'])
        for file in manifest['files']:
            if not file['generated']:
                self.assertEqual((pulled / file['path']).read_bytes(), (where / file['path']).read_bytes())
        self.plumb('inspect', pulled, '--json')
        if not expected.no_model:
            self.assertEqual(self.plumb('diff', where, where, '--json').json['verdict'], 'same')

    def test_every_folder(self):
        failures = []
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {pool.submit(self.check, name): name for name in real_folders.FOLDERS}
            for run in concurrent.futures.as_completed(runs):
                if run.exception() is not None:
                    failures.append(f'{runs[run]}: {run.exception()}')
        self.assertGreaterEqual(len(real_folders.FOLDERS), 60)
        self.assertEqual(failures, [], '\n\n'.join([f'{len(failures)} folders', *failures]))


if __name__ == '__main__':
    unittest.main()
