"""safetensors files read as the `safetensors` package reads them."""
import unittest

import containers

try:
    import numpy as np
    from safetensors import safe_open
except ImportError as error:
    containers.skip(f'the package {error.name} is not installed')

# Types that numpy has; of others only name and shape are compared.
OF_NUMPY = ('BOOL', 'U8', 'I8', 'U16', 'I16', 'F16', 'U32', 'I32', 'F32', 'C64', 'U64', 'I64', 'F64')


class SafetensorsTest(unittest.TestCase):
    def compare(self, path):
        found = containers.dump(path)
        self.assertEqual(found['format'], 'safetensors')
        with safe_open(path, 'numpy') as file:
            self.assertEqual(found['metadata'], file.metadata() or {})
            self.assertEqual(sorted(found['tensors']), sorted(file.keys()))
            for name in file.keys():
                ours, part = found['tensors'][name], file.get_slice(name)
                self.assertEqual((ours['dtype'], ours['shape']), (part.get_dtype(), part.get_shape()), name)
                if part.get_dtype() not in OF_NUMPY:
                    continue
                array = file.get_tensor(name)
                self.assertEqual(ours['bytes_sha256'], containers.sha256(array), name)
                if not np.iscomplexobj(array):
                    self.assertEqual(ours['f32_sha256'], containers.sha256(array.astype(np.float32)), name)

    def test_files_in_the_tree_and_beside_it(self):
        folders = [containers.ROOT / 'tests/data', containers.shared()]
        files = [path for folder in folders if folder for path in sorted(folder.rglob('*.safetensors'))]
        self.assertTrue(files)
        for path in files:
            with self.subTest(str(path)):
                self.compare(path)


if __name__ == '__main__':
    unittest.main()
