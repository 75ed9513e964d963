"""Puts faults into the int8 models of a folder of sound pairs: python int8_faults.py PAIRS FOLDER.

Each is copied with its golden under a new name, one fault in each copy; prints what was done, by file name, as JSON.
Needs onnx and numpy.
"""
import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
from onnx import numpy_helper


def weights(model):
    """The initializers of 8 bits that are matrices or filters, the largest first."""
    found = [t for t in model.graph.initializer if t.data_type in (2, 3) and len(t.dims) >= 2]
    return sorted(found, key=lambda t: -np.prod(t.dims))


def change(tensor, edit):
    """Whether the edit changed anything."""
    array = numpy_helper.to_array(tensor).copy()
    edited = edit(array.copy()).astype(array.dtype)
    tensor.CopyFrom(numpy_helper.from_array(edited, tensor.name))
    return not np.array_equal(array, edited)


def scale_of(model, tensor):
    """The scale that the quantiser names after a weight."""
    stem = tensor.name.removesuffix('_quantized')
    return next((t for t in model.graph.initializer if t.name in (f'{stem}_scale', f'{tensor.name}_scale')), None)


def scale(model):
    found = scale_of(model, weights(model)[0])
    return found is not None and change(found, lambda a: a * 2)


def signs(model):
    return change(weights(model)[0], lambda a: np.where(a == a.min(), a.max(), a.min()) if a.dtype == np.uint8 else
                  np.clip(-a.astype(int), -127, 127))


def turned(model):
    return change(weights(model)[0],
                  lambda a: a.reshape(a.shape[::-1]).T if a.ndim == 2 and a.shape[0] != a.shape[1] else a[::-1])


def shifted(model):
    return change(weights(model)[0], lambda a: np.roll(a.reshape(-1), 1).reshape(a.shape))


def offset(model):
    """Bytes of the other signedness."""
    return change(weights(model)[0], lambda a: (a.view(np.uint8) ^ 0x80).view(a.dtype))


FAULTS = {'a scale twice as large': scale, 'signs': signs, 'rows in another order': turned, 'shifted by one': shifted,
          'read with the other sign': offset}


def main():
    pairs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir()
    made = {}
    for name, family in json.loads((pairs / 'pairs.json').read_text()).items():
        if 'int8' not in family:
            continue
        for number, (fault, apply) in enumerate(FAULTS.items()):
            model = onnx.load(pairs / name)
            if not weights(model) or not apply(model):
                continue
            stem = f'{pathlib.Path(name).stem}_{number}'
            onnx.save(model, folder / f'{stem}.onnx')
            shutil.copy(pairs / f'{pathlib.Path(name).stem}.golden.safetensors', folder / f'{stem}.golden.safetensors')
            made[f'{stem}.onnx'] = f'{fault} in {name} ({family})'
    print(json.dumps(made))


if __name__ == '__main__':
    main()
