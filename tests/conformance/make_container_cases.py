"""Writes FOLDER/expected.json: what each format's own library reads from the files in FOLDER.

    python3 tests/conformance/make_container_cases.py tests/data/pytorch tests/data/tensorflow tests/data/flax tests/data/keras

For every tensor: its name as Plumb has it, element type, shape and the SHA-256 of its dense little-endian bytes. Needs torch,
tflite, flax, h5py or tensorflow from PyPI, each for its own files only; files that the library refuses are recorded as null.
"""
import hashlib
import json
import pathlib
import sys

NAMES = {'float32': 'F32', 'float64': 'F64', 'float16': 'F16', 'bfloat16': 'BF16', 'int64': 'I64', 'int32': 'I32',
         'int16': 'I16', 'int8': 'I8', 'uint8': 'U8', 'uint16': 'U16', 'uint32': 'U32', 'uint64': 'U64', 'bool': 'BOOL',
         'complex64': 'C64', 'complex128': 'C128'}


def record(dtype, shape, data):
    return {'dtype': NAMES[str(dtype)], 'shape': [int(size) for size in shape], 'sha256': hashlib.sha256(data).hexdigest()}


def walk(value, leaf, name=''):
    """Tensors by the path to them; `leaf(value)` is a record or None."""
    made = leaf(value)
    if made is not None:
        yield name or 'tensor', made
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, leaf, f'{name}.{key}' if name else str(key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from walk(item, leaf, f'{name}.{i}' if name else str(i))


def read_pytorch(path):
    import torch

    def leaf(value):
        if not isinstance(value, torch.Tensor):
            return None
        dense = value.detach().cpu().contiguous()
        data = dense.flatten().view(torch.uint8).numpy().tobytes() if dense.numel() else b''
        return record(str(dense.dtype).removeprefix('torch.'), dense.shape, data)

    return dict(walk(torch.load(path, map_location='cpu', weights_only=True), leaf))


def read_flax(path):
    import numpy
    from flax import serialization

    def leaf(value):
        if not hasattr(value, 'dtype'):
            return None
        array = numpy.asarray(value)
        return record(array.dtype.name, array.shape, array.tobytes())

    return dict(walk(serialization.msgpack_restore(path.read_bytes()), leaf))


def read_tflite(path):
    import tflite

    types = {v: k.lower() for k, v in vars(tflite.TensorType).items() if not k.startswith('_')}
    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    found = {}
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        data = model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int) or len(data) == 0:
            continue
        name = tensor.Name().decode()
        shape = [tensor.Shape(d) for d in range(tensor.ShapeLength())]
        found[f'{name}#{i}' if name in found or not name else name] = record(types[tensor.Type()], shape, data.tobytes())
    return found


def read_bundle(path):
    import numpy
    import tensorflow

    reader = tensorflow.train.load_checkpoint(str(path.with_suffix('')))
    found = {}
    for name, dtype in reader.get_variable_to_dtype_map().items():
        if dtype == tensorflow.string:
            continue
        array = numpy.asarray(reader.get_tensor(name))
        found[name] = record(array.dtype.name, array.shape, array.tobytes())
    return found


def texts(group, name):
    """An attribute that Keras may have written in pieces."""
    pieces = [name] if name in group.attrs else []
    while not pieces or pieces[-1] != name:
        piece = f'{name}{len(pieces)}'
        if piece not in group.attrs:
            break
        pieces.append(piece)
    return [text.decode() if isinstance(text, bytes) else str(text) for piece in pieces for text in group.attrs[piece]]


def names_of(file):
    """Dataset paths to Plumb's names of them (docs/hdf5.md)."""
    paths = []

    def walk_group(group, path):
        for key in group:
            if isinstance(group[key], type(file['/'])):
                walk_group(group[key], f'{path}{key}/')
            else:
                paths.append(f'{path}{key}')

    walk_group(file, '')
    weights = {}
    for base in ('model_weights/', ''):
        group = file[base or '/'] if not base or base in file else None
        layers = texts(group, 'layer_names') if group else []
        layers += [layer for layer in ['top_level_model_weights'] if layers and layer in group]
        weights = {f'{base}{layer}/{name}': (layer, name) for layer in layers for name in texts(group[layer], 'weight_names')}
        if weights:
            break
    own = {path: weights[path][1] if path in weights else path for path in paths}
    below = {path: '/'.join(weights[path]) if path in weights else path for path in paths}
    return own if len(set(own.values())) == len(own) else below


def read_h5(path):
    import h5py
    import numpy

    found = {}
    with h5py.File(path) as file:
        for path_in_file, name in names_of(file).items():
            dataset = file[path_in_file]
            if dataset.shape is None or dataset.dtype.kind == 'O' or dataset.dtype.names:
                continue
            array = dataset[()]
            dtype = array.dtype.name
            if array.dtype.kind == 'V':
                if dataset.attrs.get('dtype') != 'bfloat16':
                    continue
                dtype = 'bfloat16'
            elif array.dtype.byteorder == '>':
                array = array.astype(array.dtype.newbyteorder('<'))
            found[name] = record(dtype, array.shape, numpy.asarray(array).tobytes())
    return found


def read_keras(path):
    import io
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return read_h5(io.BytesIO(archive.read('model.weights.h5')))


READERS = {'.pt': read_pytorch, '.pth': read_pytorch, '.tar': read_pytorch, '.bin': read_pytorch,
           '.msgpack': read_flax, '.tflite': read_tflite, '.index': read_bundle, '.h5': read_h5,
           '.keras': read_keras}


def main():
    for folder in map(pathlib.Path, sys.argv[1:]):
        expected = {}
        for path in sorted(folder.rglob('*')):
            if path.suffix not in READERS:
                continue
            try:
                expected[str(path.relative_to(folder))] = READERS[path.suffix](path)
            except ImportError:
                raise
            except Exception as error:  # Whatever it is, the library does not read the file.
                print(f'{path.name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}')
                expected[str(path.relative_to(folder))] = None
        (folder / 'expected.json').write_text(json.dumps(expected, indent=1, sort_keys=True) + '\n')


if __name__ == '__main__':
    main()
