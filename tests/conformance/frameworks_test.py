"""Files of PyTorch, Flax, TensorFlow, TensorFlow Lite, ONNX and NumPy, in the tree and beside it, read as each format's
own library reads them. A library that is not installed leaves its files out; without any the test is skipped.
"""
import functools
import pathlib
import tempfile
import unittest
import warnings

import containers
import make_container_cases
from make_container_cases import record


def read_onnx(path):
    import onnx
    from onnx import numpy_helper

    found = {}
    for tensor in onnx.load(str(path), load_external_data=True).graph.initializer:
        array = numpy_helper.to_array(tensor)
        found[tensor.name] = record(array.dtype.name, array.shape, array.tobytes())
    return found


def read_numpy(path):
    import numpy

    loaded = numpy.load(path, allow_pickle=False)
    arrays = {'array': loaded} if path.suffix == '.npy' else dict(loaded)
    return {name: record(array.dtype.name, array.shape, array.tobytes()) for name, array in arrays.items()}


def read_torchscript(path):
    """Parameters and buffers; and the tensors that are plain attributes, which state_dict leaves out, by our names."""
    import torch

    module = torch.jit.load(str(path), map_location='cpu')
    state = dict(module.state_dict())
    for name in containers.dump(path)['tensors'].keys() - state.keys():
        state[name] = functools.reduce(getattr, name.split('.'), module)
    return {name: record(str(value.dtype).removeprefix('torch.'), value.shape, value.contiguous().numpy().tobytes())
            for name, value in state.items()}


# keras_test.py reads HDF5 in a process of its own: h5py crashes in one that has tensorflow's libraries too.
OF_KERAS = ('.h5', '.keras')
READERS = {suffix: reader for suffix, reader in make_container_cases.READERS.items() if suffix not in OF_KERAS}
READERS.update({'.onnx': read_onnx, '.npy': read_numpy, '.npz': read_numpy, '.jit': read_torchscript})


def write_npz(path):
    """Every type that both have, in both orders of bytes and of dimensions, stored and deflated."""
    import numpy

    random = numpy.random.default_rng(5)
    arrays = {}
    for code in ('b', 'B', 'h', 'H', 'i', 'I', 'q', 'Q', 'e', 'f', 'd', 'F', 'D', '?'):
        values = random.integers(0, 100, (3, 4)).astype(code)
        arrays[f'c_{ord(code)}'] = values
        arrays[f'fortran_{ord(code)}'] = numpy.asfortranarray(values)
        arrays[f'big_{ord(code)}'] = values.astype(numpy.dtype(code).newbyteorder('>'))
    numpy.savez(path.with_name('stored.npz'), **arrays)
    numpy.savez_compressed(path.with_name('deflated.npz'), **arrays)
    return {name: array.astype(array.dtype.newbyteorder('<')) for name, array in arrays.items()}


class FrameworksTest(unittest.TestCase):
    compared = 0

    def compare(self, path, expected):
        found = containers.dump(path)['tensors']
        self.assertEqual(sorted(found), sorted(expected))
        for name, theirs in expected.items():
            ours = found[name]
            self.assertEqual({'dtype': ours['dtype'], 'shape': ours['shape'], 'sha256': ours['bytes_sha256']}, theirs, name)
        FrameworksTest.compared += len(expected)

    def files(self, suffix):
        folders = [containers.ROOT / 'tests/data', containers.shared()]
        return [path for folder in folders if folder for path in sorted(folder.rglob('*' + suffix))]

    def test_every_file(self):
        missing = {}
        for suffix, reader in READERS.items():
            for path in self.files(suffix):
                with self.subTest(str(path)):
                    try:
                        expected = reader(path)
                    except ImportError as error:
                        missing[suffix] = error.name
                        break
                    except Exception as error:  # Whatever it is, the library does not read the file.
                        print(f'{path.name}: its own library refuses it ({type(error).__name__})')
                        continue
                    self.compare(path, expected)
        print(f'{self.compared} tensors compared; not installed: {missing or "nothing"}')
        if len(missing) == len(READERS):
            self.skipTest('none of the libraries is installed')

    def test_every_type_of_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest('numpy is not installed')
        with tempfile.TemporaryDirectory() as folder:
            arrays = write_npz(pathlib.Path(folder) / 'x')
            expected = {name: record(array.dtype.name, array.shape, array.tobytes()) for name, array in arrays.items()}
            for name in ('stored.npz', 'deflated.npz'):
                self.compare(pathlib.Path(folder) / name, expected)


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    outcome = unittest.main(exit=False).result
    if not outcome.wasSuccessful():
        raise SystemExit(1)
    if FrameworksTest.compared == 0:
        containers.skip('none of the libraries is installed')
