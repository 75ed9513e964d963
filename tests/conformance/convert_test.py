"""What `plumb convert` writes, opened by each format's own library: PyTorch, NumPy, gguf, safetensors.

Types and bits must be those of the source; data.pkl must be what torch.save writes for the same tensors, an array what
numpy.save writes, quantised blocks what the gguf package makes.
"""
import collections
import io
import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings
import zipfile

import containers

try:
    import gguf
    import numpy as np
    import safetensors
    import safetensors.torch
    import torch
    from gguf import quants
except ImportError as error:
    containers.skip(f'the package {error.name} is not installed')

PLUMB = pathlib.Path(os.environ['PLUMB_BIN']) / 'plumb'
# Types that the safetensors package and PyTorch both have.
TORCH_TYPES = ('bool', 'uint8', 'int8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float16', 'bfloat16',
               'float32', 'float64', 'float8_e4m3fn', 'float8_e5m2', 'complex64')
NUMPY_TYPES = ('bool', 'uint8', 'int8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float16', 'float32',
               'float64', 'complex64')
GGUF_TYPES = ('int8', 'int16', 'int32', 'int64', 'float16', 'bfloat16', 'float32', 'float64')
QUANTISED = ('Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'MXFP4', 'TQ1_0', 'TQ2_0')


def convert(*args):
    run = subprocess.run([PLUMB, 'convert', *map(str, args)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def some(dtype, shape, seed):
    """A tensor of any bits, but bools of 0 and 1."""
    dtype = getattr(torch, dtype)
    generator = torch.Generator().manual_seed(seed)
    size = int(np.prod(shape)) * torch.empty(0, dtype=dtype).element_size()
    data = torch.randint(0, 2 if dtype == torch.bool else 256, (size,), dtype=torch.uint8, generator=generator)
    return data.view(dtype).reshape(shape) if size else torch.zeros(shape, dtype=dtype)


def every(types):
    shapes = {'scalar': (), 'vector': (7,), 'matrix': (5, 3), 'empty': (0, 4), 'three': (2, 3, 4), 'four': (1, 2, 2, 3)}
    return {f'{dtype}.{name}': some(dtype, shape, i) for i, dtype in enumerate(types) for name, shape in shapes.items()}


def raw(tensor):
    """Shape, type and bytes of a tensor."""
    flat = tensor.contiguous().reshape(-1)
    return tuple(tensor.shape), tensor.dtype, flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b''


class ConvertTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tmp = pathlib.Path(folder.name)

    def source(self, tensors, metadata=None):
        path = self.tmp / 'source.safetensors'
        safetensors.torch.save_file(tensors, path, metadata)
        return path

    def real_files(self):
        folders = [containers.ROOT / 'tests/data/tiny-shakespeare', containers.shared()]
        files = [p for f in folders if f for p in sorted(f.rglob('*.safetensors'))]
        self.assertTrue(files)
        return files

    def test_pytorch(self):
        tensors = every(TORCH_TYPES)
        convert(self.source(tensors), self.tmp / 'a.pt')
        for mmap in (False, True):
            loaded = torch.load(self.tmp / 'a.pt', weights_only=True, mmap=mmap)
            self.assertIs(type(loaded), collections.OrderedDict)
            self.assertEqual({k: raw(v) for k, v in loaded.items()}, {k: raw(v) for k, v in tensors.items()})
        self.assertIsNone(zipfile.ZipFile(self.tmp / 'a.pt').testzip())

    def test_data_pkl_is_that_of_torch_save(self):
        for count in (1, 2, 1000, 1001, 1002, 2500):
            tensors = {f't{i:05}': torch.tensor([float(i)]) for i in range(count)}
            convert(self.source(tensors), self.tmp / f'{count}.pt')
            loaded = torch.load(self.tmp / f'{count}.pt', weights_only=True)
            buffer = io.BytesIO()
            torch.save(collections.OrderedDict((k, v.clone()) for k, v in loaded.items()), buffer)
            theirs, ours = zipfile.ZipFile(buffer), zipfile.ZipFile(self.tmp / f'{count}.pt')
            for name in ('data.pkl', 'version', 'byteorder', '.format_version', '.storage_alignment'):
                self.assertEqual(ours.read(f'archive/{name}'), theirs.read(f'archive/{name}'), (count, name))

    def test_tied_weights_and_strides(self):
        base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        saved = collections.OrderedDict(base=base, tied=base, view=base[1:3, ::2], transposed=base.t(),
                                        u16=torch.tensor([1, 2, 3], dtype=torch.uint16))
        saved['u16 view'] = saved['u16'][1:]
        torch.save(saved, self.tmp / 'source.pt')
        convert(self.tmp / 'source.pt', self.tmp / 'a.pt')
        loaded = torch.load(self.tmp / 'a.pt', weights_only=True)
        for name, tensor in saved.items():
            self.assertTrue(torch.equal(loaded[name].view(tensor.dtype), tensor), name)
            self.assertEqual(loaded[name].stride(), tensor.stride(), name)
        pointers = {loaded[name].untyped_storage().data_ptr() for name in ('base', 'tied', 'view', 'transposed')}
        self.assertEqual(len(pointers), 1)
        convert(self.tmp / 'source.pt', self.tmp / 'a.safetensors')
        apart = safetensors.torch.load_file(self.tmp / 'a.safetensors')
        self.assertEqual({k: raw(v) for k, v in apart.items()}, {k: raw(v) for k, v in saved.items()})

    def test_numpy(self):
        tensors = every(NUMPY_TYPES)
        convert(self.source(tensors), self.tmp / 'a.npz')
        with np.load(self.tmp / 'a.npz', allow_pickle=False) as arrays:
            self.assertEqual(sorted(arrays.keys()), sorted(tensors))
            for name, tensor in tensors.items():
                self.assertEqual(raw(torch.from_numpy(arrays[name])), raw(tensor), name)
        archive = zipfile.ZipFile(self.tmp / 'a.npz')
        for info in archive.infolist():
            with open(self.tmp / 'a.npz', 'rb') as file:
                file.seek(info.header_offset + 26)
                lengths = np.frombuffer(file.read(4), np.uint16)
            self.assertEqual((info.header_offset + 30 + int(lengths.sum())) % 64, 0)
            buffer = io.BytesIO()
            np.save(buffer, tensors[info.filename.removesuffix('.npy')].numpy())
            self.assertEqual(archive.read(info), buffer.getvalue(), info.filename)

    def test_gguf(self):
        tensors = every(GGUF_TYPES)
        del tensors['bfloat16.scalar']  # The package cannot open it.
        convert(self.source(tensors, {'format': 'pt', 'licence': 'none'}), self.tmp / 'a.gguf')
        reader = gguf.GGUFReader(self.tmp / 'a.gguf')
        self.assertEqual(reader.fields['licence'].contents(), 'none')
        self.assertEqual(sorted(t.name for t in reader.tensors), sorted(tensors))
        for found in reader.tensors:
            tensor = tensors[found.name]
            self.assertEqual(tuple(found.shape.tolist()[::-1]), tuple(tensor.shape), found.name)
            self.assertEqual(np.asarray(found.data).tobytes(), raw(tensor)[2], found.name)

    def test_quantised_blocks_are_those_of_the_gguf_package(self):
        rng = np.random.default_rng(3)
        array = (rng.standard_normal((64, 1024)) * rng.lognormal(size=(64, 1))).astype(np.float32)
        tensors = {'w': torch.from_numpy(array), 'half': torch.from_numpy(array).half(),
                   'brain': torch.from_numpy(array).bfloat16(), 'norm': torch.ones(1024).half()}
        source = self.source(tensors)
        for name in QUANTISED:
            path = self.tmp / f'{name}.gguf'
            convert(source, path, '--dtype', name.lower())
            qtype = gguf.GGMLQuantizationType[name]
            found = {t.name: t for t in gguf.GGUFReader(path).tensors}
            self.assertEqual(found['norm'].tensor_type.name, 'F32')
            for key in ('w', 'half', 'brain'):
                self.assertEqual(found[key].tensor_type, qtype)
                theirs = quants.quantize(tensors[key].float().numpy(), qtype)
                self.assertEqual(np.asarray(found[key].data).tobytes(), theirs.tobytes(), (name, key))
        convert(source, self.tmp / 'k.gguf', '--dtype', 'q4_k')
        found = {t.name: t for t in gguf.GGUFReader(self.tmp / 'k.gguf').tensors}
        error = quants.dequantize(found['w'].data, found['w'].tensor_type) - array
        self.assertLess(float((error ** 2).mean() / (array ** 2).mean()), 6e-3)

    def test_gguf_of_the_reference_writer_and_back(self):
        path = containers.ROOT / 'tests/data/gguf/written.gguf'
        convert(path, self.tmp / 'a.gguf')
        theirs, ours = gguf.GGUFReader(path), gguf.GGUFReader(self.tmp / 'a.gguf')
        self.assertEqual(list(ours.fields), list(theirs.fields))
        for key, field in theirs.fields.items():
            self.assertEqual(field.types, ours.fields[key].types, key)
            self.assertEqual(str(field.contents()), str(ours.fields[key].contents()), key)
        self.assertEqual([(t.name, t.tensor_type, t.data.tobytes()) for t in ours.tensors],
                         [(t.name, t.tensor_type, t.data.tobytes()) for t in theirs.tensors])

    def test_floats_are_rounded_as_pytorch_rounds_them(self):
        array = torch.from_numpy(np.random.default_rng(5).standard_normal(100_000).astype(np.float32) * 1e-3)
        wide = torch.from_numpy(np.random.default_rng(6).standard_normal(1000))
        source = self.source({'f32': array, 'f64': wide, 'bf16': array.bfloat16()})
        for flag, dtype in (('f16', torch.float16), ('bf16', torch.bfloat16), ('f32', torch.float32)):
            convert(source, self.tmp / 'a.safetensors', '--dtype', flag, '--force')
            loaded = safetensors.torch.load_file(self.tmp / 'a.safetensors')
            for name, tensor in (('f32', array), ('f64', wide), ('bf16', array.bfloat16())):
                self.assertEqual(raw(loaded[name]), raw(tensor.to(dtype)), (flag, name))

    def test_real_models_to_every_format_and_back(self):
        for path in self.real_files():
            with self.subTest(str(path)):
                tensors = {k: raw(v) for k, v in safetensors.torch.load_file(path).items()}
                for ending in ('gguf', 'pt', 'npz'):
                    if ending == 'npz' and any(t[1] == torch.bfloat16 for t in tensors.values()):
                        continue
                    convert(path, self.tmp / f'a.{ending}', '--force', '--keep-names')
                    convert(self.tmp / f'a.{ending}', self.tmp / 'back.safetensors', '--force')
                    back = safetensors.torch.load_file(self.tmp / 'back.safetensors')
                    self.assertEqual({k: raw(v) for k, v in back.items()}, tensors, ending)
                loaded = torch.load(self.tmp / 'a.pt', weights_only=True)
                self.assertEqual({k: raw(v) for k, v in loaded.items()}, tensors)

    def test_every_real_file_that_is_read(self):
        """To each format, where it can hold the types: the same tensors, bit for bit, as our own reader sees them."""
        folder = containers.shared()
        paths = sorted(p for p in (folder / 'models').rglob('*') if p.is_file()) if folder else []
        kept = collections.Counter()
        for path in paths:
            try:
                source = containers.dump(path)
            except AssertionError:
                continue  # No container, or a broken one.
            for ending in ('safetensors', 'gguf', 'npz', 'pt'):
                target = self.tmp / f'a.{ending}'
                run = subprocess.run([PLUMB, 'convert', path, target, '--force', '--keep-names'], capture_output=True, text=True)
                with self.subTest(path=str(path), ending=ending):
                    if run.returncode:
                        self.assertRegex(run.stderr, 'does not have|its name has|dimensions, at most|without', run.stderr)
                        continue
                    found = containers.dump(target)['tensors']
                    fields = ('dtype', 'shape', 'bytes_sha256')
                    self.assertEqual({k: [t[f] for f in fields] for k, t in found.items()},
                                     {k: [t[f] for f in fields] for k, t in source['tensors'].items()})
                    kept[ending] += 1
        if not paths:
            self.skipTest('no models beside the checkout')
        for ending in ('safetensors', 'gguf', 'npz', 'pt'):
            self.assertGreater(kept[ending], 20, kept)

    def test_real_checkpoints(self):
        folder = containers.shared()
        files = sorted((folder / 'models/pytorch').glob('*.pt')) if folder else []
        compared = 0
        for path in files:
            try:
                theirs = torch.load(path, weights_only=True)
            except Exception:
                continue  # No checkpoint, or one with more than tensors in it.
            if not isinstance(theirs, dict) or not all(isinstance(v, torch.Tensor) for v in theirs.values()):
                continue
            with self.subTest(path.name):
                convert(path, self.tmp / 'a.pt', '--force')
                loaded = torch.load(self.tmp / 'a.pt', weights_only=True)
                self.assertEqual({k: raw(v) for k, v in loaded.items()}, {k: raw(v) for k, v in theirs.items()})
                compared += 1
        if not compared:
            self.skipTest('no checkpoints beside the checkout')


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    unittest.main()
