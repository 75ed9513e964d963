"""HDF5 and Keras files read as h5py reads them."""
import unittest

import containers

try:
    import h5py  # noqa: F401
    import numpy  # noqa: F401
except ImportError as error:
    containers.skip(f'the package {error.name} is not installed')

import make_container_cases


class KerasTest(unittest.TestCase):
    def compare(self, path):
        found = containers.dump(path)
        tensors = {name: {'dtype': t['dtype'], 'shape': t['shape'], 'sha256': t['bytes_sha256']}
                   for name, t in found['tensors'].items()}
        self.assertEqual(tensors, make_container_cases.READERS[path.suffix](path))

    def test_files_in_the_tree_and_beside_it(self):
        folders = [containers.ROOT / 'tests/data/keras', containers.shared()]
        files = [path for folder in folders if folder for ending in ('h5', 'keras')
                 for path in sorted(folder.rglob(f'*.{ending}'))]
        self.assertTrue(files)
        for path in files:
            with self.subTest(str(path)):
                self.compare(path)


if __name__ == '__main__':
    unittest.main()
