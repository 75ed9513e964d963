"""GGUF files read as the `gguf` package reads them: key-values, shapes, bytes, and every block dequantised."""
import pathlib
import tempfile
import unittest
import warnings

import containers

try:
    import gguf
    import numpy as np
    from gguf import quants
except ImportError as error:
    containers.skip(f'the package {error.name} is not installed')


def write_every_type(path):
    """Random blocks of every type that the package dequantises; scales may be any finite or infinite half."""
    rng = np.random.default_rng(11)
    writer = gguf.GGUFWriter(path, 'llama')
    for qtype in sorted(quants._type_traits):
        elements, size = gguf.constants.GGML_QUANT_SIZES[qtype]
        rows = rng.integers(0, 256, (4, 2048 // elements * size), dtype=np.uint8)
        writer.add_tensor(qtype.name, rows, raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def same_floats(ours, theirs):
    return ours == containers.sha256(theirs.astype(np.float32))


class GgufTest(unittest.TestCase):
    def compare(self, path, blocks=True):
        reader, found = gguf.GGUFReader(path), containers.dump(path)
        self.assertEqual(found['format'], 'gguf')
        expected = {key: field for key, field in reader.fields.items() if not key.startswith('GGUF.')}
        self.assertEqual(list(found['metadata']), sorted(expected))
        for key, field in expected.items():
            value = field.contents()
            self.assertEqual(found['metadata'][key], value.tolist() if isinstance(value, np.ndarray) else value, key)
        self.assertEqual(sorted(found['tensors']), sorted(t.name for t in reader.tensors))
        for tensor in reader.tensors:
            ours = found['tensors'][tensor.name]
            self.assertEqual(ours['shape'], tensor.shape.tolist()[::-1], tensor.name)
            self.assertEqual(ours['dtype'], tensor.tensor_type.name)
            data = np.asarray(tensor.data)
            self.assertEqual(ours['bytes_sha256'], containers.sha256(data.astype(data.dtype.newbyteorder('<'))), tensor.name)
            if tensor.tensor_type in quants._type_traits:
                with np.errstate(all='ignore'):
                    values = quants.dequantize(data, tensor.tensor_type)
                # NaNs may differ in sign between processors' vector and scalar units.
                if not np.isnan(values).any():
                    self.assertTrue(same_floats(ours['f32_sha256'], values), tensor.name)
            else:
                self.assertTrue(same_floats(ours['f32_sha256'], data), tensor.name)

    def test_files_of_the_reference_writer(self):
        for name in ('written.gguf', 'written-big.gguf'):
            with self.subTest(name):
                self.compare(containers.ROOT / 'tests/data/gguf' / name)

    def test_every_block_type(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'every.gguf'
            write_every_type(path)
            self.compare(path)

    def test_shared_models(self):
        folder = containers.shared()
        files = sorted(folder.rglob('*.gguf')) if folder else []
        if not files:
            self.skipTest('no models beside the checkout')
        for path in files:
            with self.subTest(path.name):
                self.compare(path)


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    unittest.main()
