"""Writes a Flax checkpoint with every type and an array in pieces: tests/data/flax/small.msgpack.

    python3 tests/conformance/make_flax_files.py tests/data/flax

Needs flax and jax from PyPI.
"""
import pathlib
import sys

import ml_dtypes
import numpy
from flax import serialization


def main():
    folder = pathlib.Path(sys.argv[1])
    random = numpy.random.default_rng(1)
    tree = {'params': {'dense': {'kernel': random.normal(size=(4, 3)).astype(numpy.float32),
                                 'bias': numpy.arange(3, dtype=numpy.float16)},
                       'embed': random.normal(size=(2, 5)).astype(ml_dtypes.bfloat16)},
            'counts': numpy.arange(6, dtype=numpy.int64).reshape(2, 3), 'mask': numpy.array([True, False]),
            'bytes': numpy.arange(4, dtype=numpy.uint8), 'double': numpy.array(3.5), 'empty': numpy.zeros((0, 2), numpy.float32),
            'scalar': numpy.float32(2.5), 'step': 7, 'name': 'small'}
    (folder / 'small.msgpack').write_bytes(serialization.msgpack_serialize(tree))
    limit = serialization.MAX_CHUNK_SIZE
    serialization.MAX_CHUNK_SIZE = 64  # So that a small array is cut as one of a gibibyte would be.
    pieces = {'large': random.normal(size=(7, 9)).astype(numpy.float32)}
    (folder / 'pieces.msgpack').write_bytes(serialization.msgpack_serialize(pieces))
    serialization.MAX_CHUNK_SIZE = limit


if __name__ == '__main__':
    main()
