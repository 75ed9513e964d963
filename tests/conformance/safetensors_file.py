"""Writes a safetensors file from numpy arrays, without the package of that name."""
import json
import struct

import numpy as np

NAMES = {'float64': 'F64', 'float32': 'F32', 'float16': 'F16', 'int64': 'I64', 'int32': 'I32', 'int16': 'I16', 'int8': 'I8',
         'uint8': 'U8', 'uint16': 'U16', 'bool': 'BOOL'}


def write_safetensors(path, tensors, metadata):
    header, parts, at = {'__metadata__': metadata}, [], 0
    for name, array in tensors.items():
        array = np.asarray(array, order='C')
        parts.append(array.tobytes())
        header[name] = {'dtype': NAMES[array.dtype.name], 'shape': list(array.shape),
                        'data_offsets': [at, at + len(parts[-1])]}
        at += len(parts[-1])
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + b''.join(parts))
