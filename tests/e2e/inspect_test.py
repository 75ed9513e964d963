"""`plumb inspect` of files, folders and releases; publishing containers of other formats than safetensors.

A release is described over a connection whose bytes are counted. PLUMB_INSPECT_GIB sets the size of the sharded release
in shards of 4 GiB (the default, 1, in shards of 256 MiB). Its files are sparse.
"""
import json
import os
import shutil
import socket
import struct
import threading
import unittest

from harness import DATA, FAMILY, PlumbTest, flip_byte, read_safetensors, write_safetensors

GIB = int(os.environ.get('PLUMB_INSPECT_GIB', '1'))
# Small real files of other formats, below tests/data.
OTHERS = ('gguf/written.gguf', 'gguf/written-big.gguf', 'pytorch/state_dict.pt', 'pytorch/checkpoint.pt',
          'pytorch/legacy_shared_storage.pt', 'pytorch/fortran_tensor_3d.pth', 'pytorch/tar_weight_bias.tar',
          'numpy/test.npy', 'numpy/test.npz', 'keras/model.h5', 'keras/model.keras')
NAN = 0x7fc0.to_bytes(2, 'little')


def gguf_of(order, tensors):
    """A GGUF file of float vectors in this byte order."""
    def text(value):
        return struct.pack(order + 'Q', len(value)) + value.encode()
    head = b'GGUF' + struct.pack(order + 'IQQ', 3, len(tensors), 1)
    head += text('general.architecture') + struct.pack(order + 'I', 8) + text('none')
    data = b''
    for name, values in tensors.items():
        head += text(name) + struct.pack(order + 'IQQIQ', 2, 100, len(values) // 100, 0, len(data))
        data += struct.pack(f'{order}{len(values)}f', *values)
    return head + b'\0' * (-len(head) % 32) + data


def npy_of(order, values):
    header = f"{{'descr': '{order}f4', 'fortran_order': False, 'shape': (100, {len(values) // 100}), }}".encode()
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\0' + struct.pack('<H', len(header)) + header + struct.pack(f'{order}{len(values)}f', *values)


class CountingProxy(threading.Thread):
    """Passes connections on to `address`, and counts what comes back."""

    def __init__(self, address):
        super().__init__(daemon=True)
        host, port = address.rsplit(':', 1)
        self.upstream = (host, int(port))
        self.received = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'127.0.0.1:{self.listener.getsockname()[1]}'
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.upstream)
            threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, True), daemon=True).start()

    def pump(self, source, target, counted):
        try:
            while data := source.recv(1 << 16):
                self.received += len(data) if counted else 0
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class InspectTest(PlumbTest):
    def inspect(self, *args, expect='done'):
        return self.plumb('inspect', *args, '--json', expect=expect).json

    def test_models_that_are_not_read_are_named_beside_the_others(self):
        folder = self.tmp / 'mixed'
        folder.mkdir()
        (folder / 'model.mlmodel').write_bytes(b'\x08\x04\x12\x05\x0a\x03\x0a\x01x\xa2\x1f\x00' + bytes(600))
        (folder / 'old.bin').write_bytes(b'tjgg\x03\0\0\0' + bytes(600))
        shutil.copy(DATA / 'numpy' / 'test.npz', folder / 'weights.npz')
        found = {c['path']: c for c in self.plumb('inspect', folder, '--json').json['containers']}
        self.assertEqual(found['model.mlmodel']['foreign'], 'a CoreML model')
        self.assertEqual(found['old.bin']['format'], 'ggml')
        self.assertEqual(found['weights.npz']['tensor_count'], 2)
        self.assertIn('a CoreML model', self.plumb('inspect', folder / 'model.mlmodel').out)
        error = self.plumb('convert', folder / 'model.mlmodel', self.tmp / 'a.npz', expect='policy').err
        self.assertIn('it is a CoreML model, which is not read', error)

    def test_file(self):
        path = FAMILY / 'step-3000' / 'model.safetensors'
        header, _ = read_safetensors(path)
        metadata = header.pop('__metadata__', {})
        container, = self.inspect(path, '--tensors')['containers']
        self.assertEqual(container['format'], 'safetensors')
        self.assertEqual(container['bytes'], path.stat().st_size)
        self.assertEqual(container['metadata'], metadata)
        self.assertEqual({t['name']: t['shape'] for t in container['tensors']},
                         {name: entry['shape'] for name, entry in header.items()})
        text = self.plumb('inspect', path, '--stats').out
        self.assertIn('STD', text)
        self.assertIn('parameters', text)

    def test_file_that_is_no_container(self):
        result = self.plumb('inspect', FAMILY / 'LICENSE', expect='policy')
        self.assertIn('safetensors', result.err)
        self.plumb('inspect', self.tmp / 'missing', expect='not found')

    def test_folder_and_what_is_not_sound_in_it(self):
        folder = self.copy_of(FAMILY / 'step-3000')
        whole = self.inspect(folder)
        self.assertGreater(whole['other_files'], 0)
        self.assertEqual([c['error'] for c in whole['containers']], [''] * len(whole['containers']))
        (folder / 'cut.gguf').write_bytes(b'GGUF' + (3).to_bytes(4, 'little') + b'\xff' * 16)
        broken = self.plumb('inspect', folder, '--json', expect='policy')
        self.assertEqual(len(json.loads(broken.out.splitlines()[0])['containers']), len(whole['containers']) + 1)

    def test_statistics_count_what_is_no_number(self):
        write_safetensors(self.tmp / 'm.safetensors', {'w': {'dtype': 'BF16', 'shape': [2, 2], 'data_offsets': [0, 8]}},
                          b'\x00\x00' + NAN + b'\x80\x3f' + b'\x80\x7f')
        tensor, = self.inspect(self.tmp / 'm.safetensors', '--stats')['containers'][0]['tensors']
        self.assertEqual(tensor['statistics'],
                         {'count': 4, 'min': 0.0, 'max': 1.0, 'mean': 0.5, 'std': 0.5, 'absmax': 1.0, 'zeros': 1,
                          'nans': 1, 'infinities': 1})

    def test_reference_is_described_as_the_folder_is(self):
        folder = FAMILY / 'step-3000'
        self.plumb('publish', 'lab/tiny@v1', folder, '--license', 'Apache-2.0', '--quiet', '--no-smoke')
        here = self.inspect(folder, '--tensors')
        there = self.inspect('lab/tiny@v1', '--tensors')
        self.assertEqual(here['containers'], there['containers'])
        self.assertGreater(there['received_bytes'], 0)
        self.assertEqual(self.plumb('cache', '--json').json['files'], 0, 'nothing may be downloaded')
        statistics = self.inspect('lab/tiny@v1', '--stats')
        self.assertIn('statistics', statistics['containers'][0]['tensors'][0])

    def make_shards(self, shard_bytes, shards):
        """Sparse shards with an index; a few bytes in every 64 MiB, so that not all chunks are the same one."""
        folder = self.tmp / 'sharded'
        folder.mkdir()
        weight_map, each = {}, 64 << 20
        for s in range(shards):
            name = f'model-{s + 1:05}-of-{shards:05}.safetensors'
            header = {}
            for i in range(shard_bytes // each):
                weight = f'model.layers.{s * 1000 + i}.mlp.up_proj.weight'
                header[weight] = {'dtype': 'BF16', 'shape': [each // 2], 'data_offsets': [i * each, (i + 1) * each]}
                weight_map[weight] = name
            write_safetensors(folder / name, {'__metadata__': {'format': 'pt'}, **header}, b'')
            with open(folder / name, 'r+b') as file:
                start = file.seek(0, os.SEEK_END)
                file.truncate(start + shard_bytes)
                for i in range(shard_bytes // each):
                    file.seek(start + i * each)
                    file.write((s << 32 | i).to_bytes(8, 'little') + os.urandom(4096))
        (folder / 'model.safetensors.index.json').write_text(
            json.dumps({'metadata': {'total_size': shard_bytes * shards}, 'weight_map': weight_map}))
        return folder

    def test_sharded_release_is_described_from_its_headers(self):
        shard_bytes = 256 << 20 if GIB < 4 else 4 << 30
        shards = (GIB << 30) // shard_bytes
        folder = self.make_shards(shard_bytes, shards)
        self.plumb('publish', 'lab/sharded@v1', folder, '--license', 'MIT', '--quiet', '--no-smoke', '--no-value-check')
        proxy = CountingProxy(self.server.address)
        self.env['PLUMB_REGISTRY'] = proxy.address
        found = self.inspect('lab/sharded@v1')
        container, = found['containers']
        print(f'{GIB} GiB in {shards} shards: {proxy.received} bytes received in all, '
              f'{proxy.received / shards / 1024:.1f} KiB a shard; the client counts {found["received_bytes"]}', flush=True)
        self.assertEqual(container['parameters'], GIB << 29)
        self.assertEqual(len(container['files']), shards)
        self.assertLess(proxy.received, shards << 20)
        self.assertLess(found['received_bytes'], shards << 20)

    def round_trip(self, reference, folder, *flags):
        published = self.plumb('publish', reference, folder, '--license', 'MIT', '--no-smoke', *flags)
        self.plumb('pull', reference, self.tmp / 'pulled', '--no-cache', '--quiet')
        for path in folder.iterdir():
            self.assertEqual(path.read_bytes(), (self.tmp / 'pulled' / path.name).read_bytes())
        files = {f['path']: f for f in self.plumb('files', reference, '--tensors', '--json').json['files']}
        here = self.inspect(folder, '--tensors')['containers']
        self.assertEqual(here, self.inspect(reference, '--tensors')['containers'])
        return published, files, here

    def test_other_formats_are_indexed_and_come_back(self):
        folder = self.tmp / 'mixed'
        folder.mkdir()
        for name in OTHERS:
            shutil.copy(DATA / name, folder / name.replace('/', '-'))
        _, files, containers = self.round_trip('lab/mixed@v1', folder)
        for container in containers:
            listed = files[container['path']]['tensors']
            placed = [t for t in container['tensors'] if len(t['ranges']) == 1]
            self.assertEqual(sorted((t['name'], t['dtype'], t['ranges'][0]['begin']) for t in placed),
                             sorted((t['name'], t['dtype'], t['begin']) for t in listed if t['begin'] < t['end']))
        changed = self.copy_of(folder, 'changed')
        tensor = next(c for c in containers if c['path'].endswith('written.gguf'))['tensors'][0]
        flip_byte(changed / tensor['ranges'][0]['file'], tensor['ranges'][0]['begin'])
        self.plumb('publish', 'lab/mixed@v2', changed, '--license', 'MIT', '--no-smoke', '--quiet')
        self.assertEqual(len(self.plumb('diff', 'lab/mixed@v1', 'lab/mixed@v2', '--json').json['tensors']), 1)

    def test_publish_warns_of_values_that_look_damaged(self):
        folder = self.tmp / 'damaged'
        folder.mkdir()
        header = {'a': {'dtype': 'BF16', 'shape': [2], 'data_offsets': [0, 4]},
                  'b': {'dtype': 'BF16', 'shape': [2, 2], 'data_offsets': [4, 12]}}
        write_safetensors(folder / 'model.safetensors', header, NAN + b'\x80\x3f' + b'\x00' * 8)
        args = ('publish', 'lab/damaged@v1', folder, '--license', 'MIT', '--no-smoke')
        warned = self.plumb(*args).err
        self.assertIn('tensor a in model.safetensors holds NaN', warned)
        self.assertIn('tensor b in model.safetensors is all zeros', warned)
        self.assertNotIn('NaN', self.plumb(*args, '--no-value-check').err)

    def test_byte_order_changes_no_warning_and_no_statistics(self):
        values = [((i * 37) % 101 - 50) / 25 for i in range(4000)]
        tensors = {f'blk.{i}.w': values if i != 4 else [1000 * v for v in values] for i in range(8)}
        tensors.update(nan=[float('nan')] + values[1:], zero=[0.0] * 4000)
        seen = {}
        for order, name in (('<', 'little'), ('>', 'big')):
            folder = self.tmp / name
            folder.mkdir()
            (folder / 'model.gguf').write_bytes(gguf_of(order, tensors))
            for tensor in ('nan', 'zero', 'blk.0.w'):
                (folder / f'{tensor}.npy').write_bytes(npy_of(order, tensors[tensor]))
            err = self.plumb('publish', f'lab/{name}@v1', folder, '--license', 'MIT', '--no-smoke').err
            containers = self.plumb('inspect', folder, '--stats', '--json').json['containers']
            statistics = [[(t['name'], t['dtype'], t['statistics']) for t in c['tensors']] for c in containers]
            seen[name] = ([line for line in err.splitlines() if 'tensor' in line], statistics)
        self.assertEqual(seen['big'], seen['little'])
        warnings = '\n'.join(seen['little'][0])
        for words in ('hold NaN', 'are all zeros', 'blk.4.w in model.gguf (1e+03 times the usual size)'):
            self.assertIn(words, warnings)

    def test_real_weights_are_published_without_a_word(self):
        for step in (0, 3000):
            result = self.plumb('publish', f'lab/tiny@step-{step}', FAMILY / f'step-{step}', '--license', 'Apache-2.0',
                                '--no-smoke')
            # What is said is of the golden's place.
            for line in result.err.splitlines():
                self.assertNotRegex(line.replace('golden.safetensors', ''), 'tensor')


if __name__ == '__main__':
    unittest.main(verbosity=2)
