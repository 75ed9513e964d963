"""Writes tests/data/pytorch/expected.json: what PyTorch itself reads from each file beside it.

    python3 tests/conformance/make_pytorch_cases.py tests/data/pytorch

Needs torch from PyPI. For every tensor: its path, element type, shape and the SHA-256 of its dense bytes. Files that
torch refuses are listed as such.
"""
import hashlib
import json
import pathlib
import sys

import torch

DTYPES = {torch.float32: 'F32', torch.float64: 'F64', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64',
          torch.int32: 'I32', torch.int16: 'I16', torch.int8: 'I8', torch.uint8: 'U8', torch.bool: 'BOOL'}


def tensors_of(value, name=''):
    """Tensors by the path to them, as Plumb names them."""
    def join(part):
        return f'{name}.{part}' if name else str(part)

    if isinstance(value, torch.Tensor):
        dense = value.detach().cpu().contiguous()
        data = dense.flatten().view(torch.uint8).numpy().tobytes() if dense.numel() else b''
        yield name or 'tensor', {'dtype': DTYPES[dense.dtype], 'shape': list(dense.shape),
                                 'sha256': hashlib.sha256(data).hexdigest()}
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from tensors_of(item, join(key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from tensors_of(item, join(i))


def main():
    folder = pathlib.Path(sys.argv[1])
    expected = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in ('.pt', '.pth', '.tar', '.bin'):
            continue
        try:
            loaded = torch.load(path, map_location='cpu', weights_only=True)
            expected[path.name] = dict(tensors_of(loaded))
        except Exception as error:  # Whatever it is, torch does not read the file.
            print(f'{path.name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}')
            expected[path.name] = None
    (folder / 'expected.json').write_text(json.dumps(expected, indent=1, sort_keys=True) + '\n')


if __name__ == '__main__':
    main()
