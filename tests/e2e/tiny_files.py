"""Writes small files of the formats that models come in, with the standard library alone.

Values are drawn by a generator that the names seed, so that no two tensors are equal and every run makes the same files.
"""
import collections
import io
import json
import pathlib
import pickle
import random
import struct
import sys
import types
import zipfile

import gguf_files as gguf

WIDTH = {'F64': 8, 'F32': 4, 'F16': 2, 'BF16': 2, 'I64': 8, 'I32': 4, 'U8': 1, 'I8': 1, 'F8_E4M3': 1, 'BOOL': 1, 'U32': 4}


def count(shape):
    total = 1
    for size in shape:
        total *= size
    return total


def values(name, dtype, shape):
    """The bytes of a tensor."""
    draw = random.Random(name + dtype)
    number = count(shape)
    if dtype == 'F32':
        return struct.pack(f'<{number}f', *(draw.gauss(0, 0.02) for _ in range(number)))
    if dtype == 'F64':
        return struct.pack(f'<{number}d', *(draw.gauss(0, 0.02) for _ in range(number)))
    if dtype == 'F16':
        return struct.pack(f'<{number}e', *(draw.gauss(0, 0.02) for _ in range(number)))
    if dtype == 'BF16':
        return b''.join(struct.pack('<f', draw.gauss(0, 0.02))[2:] for _ in range(number))
    if dtype == 'F8_E4M3':
        return bytes(draw.randrange(0x70) for _ in range(number))
    if dtype == 'BOOL':
        return bytes(draw.randrange(2) for _ in range(number))
    return draw.randbytes(number * WIDTH[dtype])


def make(path, data=''):
    """A file with its folders."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def put_json(path, value):
    make(path, json.dumps(value, indent=2))


def safetensors(path, tensors, metadata=None):
    """`tensors`: name to (dtype, shape)."""
    head, body = {}, b''
    if metadata:
        head['__metadata__'] = metadata
    for name, (dtype, shape) in tensors.items():
        data = values(name, dtype, shape)
        head[name] = {'dtype': dtype, 'shape': list(shape), 'data_offsets': [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(head).encode()
    text += b' ' * (-len(text) % 8)
    make(path, struct.pack('<Q', len(text)) + text + body)


def shards(folder, stem, tensors, write, ending, parts=2):
    """A set with its index."""
    names = list(tensors)
    share = -(-len(names) // parts)
    weight_map = {}
    for number in range(parts):
        file = f'{stem}-{number + 1:05}-of-{parts:05}{ending}'
        mine = names[number * share:(number + 1) * share]
        write(folder / file, {name: tensors[name] for name in mine})
        weight_map.update({name: file for name in mine})
    total = sum(count(shape) * WIDTH[dtype] for dtype, shape in tensors.values())
    put_json(folder / f'{stem}{ending}.index.json', {'metadata': {'total_size': total}, 'weight_map': weight_map})


class Storage:
    def __init__(self, key, number):
        self.key, self.number = key, number


class Tensor:
    def __init__(self, key, shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides, step = [], 1
        for size in reversed(self.shape):
            strides.insert(0, step)
            step *= size
        storage = Storage(self.key, count(self.shape))
        return sys.modules['torch._utils']._rebuild_tensor_v2, (
            storage, 0, tuple(self.shape), tuple(strides), False, collections.OrderedDict())


def _names_of_torch():
    """What a checkpoint's pickle names, so that the pickler finds it."""
    torch, utils = types.ModuleType('torch'), types.ModuleType('torch._utils')
    torch.FloatStorage = type('FloatStorage', (), {'__module__': 'torch', '__qualname__': 'FloatStorage'})

    def _rebuild_tensor_v2(*arguments):
        raise NotImplementedError(arguments)
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = 'torch._utils', '_rebuild_tensor_v2'
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch._utils = utils
    return {'torch': torch, 'torch._utils': utils}


class TorchPickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return 'storage', sys.modules['torch'].FloatStorage, obj.key, 'cpu', obj.number
        return None


def torch_file(path, tensors, rest=None):
    """What torch.save writes: `tensors`, name to (F32, shape), in a dictionary with `rest`; nested by '/'."""
    saved, entries = dict(rest or {}), {}
    for number, (name, (_, shape)) in enumerate(tensors.items()):
        *groups, last = name.split('/')
        inner = saved
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = Tensor(str(number), shape)
        entries[str(number)] = values(name, 'F32', shape)
    before = {name: sys.modules.get(name) for name in ('torch', 'torch._utils')}
    sys.modules.update(_names_of_torch())
    try:
        stream = io.BytesIO()
        TorchPickler(stream, protocol=2).dump(saved)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as archive:
        archive.writestr('archive/data.pkl', stream.getvalue())
        archive.writestr('archive/byteorder', 'little')
        for key, data in entries.items():
            archive.writestr(f'archive/data/{key}', data)
        archive.writestr('archive/version', '3\n')
    make(path, out.getvalue())


def npy(name, dtype, shape):
    header = str({'descr': {'F32': '<f4', 'I64': '<i8'}[dtype], 'fortran_order': False, 'shape': tuple(shape)}).encode()
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + values(name, dtype, shape)


def npz(path, tensors):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as archive:
        for name, (dtype, shape) in tensors.items():
            archive.writestr(name + '.npy', npy(name, dtype, shape))
    make(path, out.getvalue())


def gguf_file(path, architecture, tensors, keys=None):
    """`tensors`: name to (F32, shape, slowest first)."""
    keys = {'general.architecture': gguf.string(architecture), **(keys or {})}
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(keys))
    for name, (kind, value) in keys.items():
        head += gguf.text(name) + struct.pack('<I', kind) + value
    body = b''
    for name, (_, shape) in tensors.items():
        data = values(name, 'F32', shape)
        head += gguf.text(name) + struct.pack(f'<I{len(shape)}QIQ', len(shape), *reversed(shape), 0, len(body))
        body += data + bytes(-len(data) % 32)
    make(path, head + bytes(-len(head) % 32) + body)
