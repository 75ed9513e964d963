"""Folders with symbolic links, as Hugging Face's hub cache keeps models: every command that reads a folder reads
them, and no link leads `publish` to a file of somebody else."""
import hashlib
import json
import os
import shutil
import unittest

from harness import FAMILY, PlumbTest, same_tree, write_safetensors

STEP = FAMILY / 'step-3000'
NAMES = ('config.json', 'model.safetensors', 'tokenizer.json')
REVISION = '0123456789abcdef0123456789abcdef01234567'


def hub_entry(hub, files):
    """Lays `files`, content by path, out as the hub's client does; returns the snapshot's folder."""
    entry = hub / 'models--lab--tiny'
    snapshot = entry / 'snapshots' / REVISION
    (entry / 'blobs').mkdir(parents=True)
    (entry / 'refs').mkdir()
    (entry / 'refs' / 'main').write_text(REVISION)
    for path, content in files.items():
        blob = entry / 'blobs' / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


class HubFolderTest(PlumbTest):
    def setUp(self):
        super().setUp()
        files = {name: (STEP / name).read_bytes() for name in NAMES}
        files['text/notes.txt'] = b'a file in a folder of its own'
        self.snapshot = hub_entry(self.tmp / 'hub', files)

    def publish(self, folder, expect='done'):
        return self.plumb('publish', 'lab/tiny@v1', folder, '--license', 'MIT', '--json', expect=expect)

    def test_published_and_pulled_as_ordinary_files(self):
        plain = self.tmp / 'plain'
        shutil.copytree(self.snapshot, plain)  # With the content of links.
        digest = self.publish(self.snapshot).json['digest']
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'pulled', '--no-cache')
        names = (*NAMES, 'text/notes.txt')
        self.assertTrue(same_tree(self.snapshot, self.tmp / 'pulled', names))
        found = [p for p in (self.tmp / 'pulled').rglob('*') if '.plumb' not in p.parts]
        self.assertFalse([p for p in found if p.is_symlink()])
        self.plumb('verify', self.tmp / 'pulled')
        # The release does not show how the files were kept.
        self.assertEqual(self.publish(plain).json['digest'], digest)

    def test_commands_that_read_a_folder(self):
        inspected = self.plumb('inspect', self.snapshot, '--json').json
        self.assertEqual([c['path'] for c in inspected['containers']], ['model.safetensors'])
        self.assertEqual(inspected['bytes'], sum(os.stat(p).st_size for p in self.snapshot.rglob('*') if p.is_file()))
        self.plumb('convert', self.snapshot, self.tmp / 'model.gguf', '--keep-names')
        self.assertEqual(self.plumb('diff', self.snapshot, self.tmp / 'model.gguf', '--json').json['verdict'], 'same')
        recorded = self.plumb('golden', 'record', self.snapshot, '--json').json['goldens']
        self.assertEqual([g['weights_path'] for g in recorded], ['model.safetensors'])
        self.assertFalse((self.snapshot / recorded[0]['golden_path']).is_symlink())
        self.assertEqual(self.plumb('smoke', self.snapshot, '--backend', 'reference', '--json').json['verdict'], 'pass')

    def test_one_file_of_a_snapshot(self):
        weights = self.snapshot / 'model.safetensors'
        inspected = self.plumb('inspect', weights, '--json').json
        self.assertEqual(inspected['containers'][0]['path'], 'model.safetensors')
        self.plumb('convert', weights, self.tmp / 'model.gguf', '--keep-names')
        self.assertEqual(self.plumb('diff', weights, self.tmp / 'model.gguf', '--json').json['verdict'], 'same')
        # The config is found beside the link, not beside the blob.
        self.plumb('golden', 'record', weights)
        self.plumb('smoke', weights, '--backend', 'reference')

    def test_shards_are_found_beside_the_link_of_their_index(self):
        index, files, places = 'model.safetensors.index.json', {}, {}
        for number, tensor in ((1, 'a'), (2, 'b')):
            shard = f'model-0000{number}-of-00002.safetensors'
            write_safetensors(self.tmp / 'shard', {tensor: {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}, bytes(8))
            files[shard] = (self.tmp / 'shard').read_bytes()
            places[tensor] = shard
        files[index] = json.dumps({'metadata': {'total_size': 16}, 'weight_map': places}).encode()
        folder = hub_entry(self.tmp / 'sharded-hub', files)
        for path in (folder, folder / index):
            containers = self.plumb('inspect', path, '--json').json['containers']
            self.assertEqual([c['path'] for c in containers], [index])
            self.plumb('convert', path, self.tmp / 'one.gguf', '--force')

    def test_links_that_lead_away_are_refused_by_every_command(self):
        (self.tmp / 'secret').write_text('private key')
        link = self.snapshot / 'id_rsa'
        targets = {str(self.tmp / 'secret'): 'outside the folder', '/etc/passwd': 'cp -L', '../../refs/main': 'outside the folder',
                   'none': 'nothing is there', 'id_rsa': 'cannot be followed', '..': 'a folder', '/dev/null': 'outside the folder'}
        for target, message in targets.items():
            link.symlink_to(target)
            calls = [['publish', 'lab/tiny@v1', self.snapshot]]
            if target == '/etc/passwd':
                calls += [['inspect', self.snapshot], ['smoke', self.snapshot], ['golden', 'record', self.snapshot],
                          ['convert', self.snapshot, self.tmp / 'a.gguf'], ['diff', self.snapshot, STEP / 'model.safetensors']]
            for call in calls:
                with self.subTest(target=target, call=call[0]):
                    error = self.plumb(*call, expect='policy').err
                    self.assertIn(f'id_rsa is a symbolic link to {target}', error)
                    self.assertIn(message, error)
            link.unlink()
        self.plumb('show', 'lab/tiny@v1', expect='not found')

    def test_a_clone_does_not_give_away_its_credentials(self):
        folder = self.tmp / 'clone'
        (folder / '.git').mkdir(parents=True)
        (folder / '.git' / 'config').write_text('url = https://user:token@example.org/')
        (folder / 'weights.bin').symlink_to('.git/config')
        self.assertIn("git's", self.publish(folder, expect='policy').err)


if __name__ == '__main__':
    unittest.main()
