"""Small GGUF files (version 3, little-endian), taken apart and put together, so that tests can change them."""
import pathlib
import struct

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, U32: 4, I32: 4, F32: 4, BOOL: 1, U64: 8, 11: 8, 12: 8}
# Elements and bytes of a block.
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 30: (1, 2)}


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, kind):
        return struct.unpack('<' + kind, self.take(struct.calcsize(kind)))[0]

    def text(self):
        return self.take(self.number('Q')).decode()

    def value(self, kind):
        """The bytes of a value."""
        begin = self.at
        if kind == STRING:
            self.take(self.number('Q'))
        elif kind == ARRAY:
            element, count = self.number('I'), self.number('Q')
            for _ in range(count):
                self.value(element)
        else:
            self.take(SIZES[kind])
        return self.data[begin:self.at]


class Gguf:
    """`keys`: name to (type, bytes); `tensors`: name to [sizes, fastest first; type; bytes]."""

    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        cursor = Cursor(data)
        assert cursor.take(8) == b'GGUF' + struct.pack('<I', 3)
        tensors, keys = cursor.number('Q'), cursor.number('Q')
        self.keys, self.tensors = {}, {}
        for _ in range(keys):
            name, kind = cursor.text(), cursor.number('I')
            self.keys[name] = (kind, cursor.value(kind))
        places = []
        for _ in range(tensors):
            name = cursor.text()
            sizes = [cursor.number('Q') for _ in range(cursor.number('I'))]
            places.append((name, sizes, cursor.number('I'), cursor.number('Q')))
        base = cursor.at + -cursor.at % 32
        for name, sizes, kind, offset in places:
            count = 1
            for size in sizes:
                count *= size
            elements, width = BLOCKS[kind]
            self.tensors[name] = [sizes, kind, bytearray(data[base + offset:base + offset + count // elements * width])]

    def write(self, path, names=None, extra=None):
        """`names`: which tensors; `extra`: further keys."""
        names = list(self.tensors) if names is None else names
        keys = {**self.keys, **(extra or {})}
        head = b'GGUF' + struct.pack('<IQQ', 3, len(names), len(keys))
        for name, (kind, value) in keys.items():
            head += text(name) + struct.pack('<I', kind) + value
        data = b''
        for name in names:
            sizes, kind, stored = self.tensors[name]
            head += text(name) + struct.pack(f'<I{len(sizes)}QIQ', len(sizes), *sizes, kind, len(data))
            data += bytes(stored) + bytes(-len(stored) % 32)
        pathlib.Path(path).write_bytes(head + bytes(-len(head) % 32) + data)

    def write_split(self, folder, stem):
        """Two files."""
        names = list(self.tensors)
        for number, part in enumerate((names[:5], names[5:])):
            split = {'split.no': (2, struct.pack('<H', number)), 'split.count': (2, struct.pack('<H', 2)),
                     'split.tensors.count': (I32, struct.pack('<i', len(names)))}
            self.write(folder / f'{stem}-{number + 1:05}-of-00002.gguf', part, split)


def text(value):
    return struct.pack('<Q', len(value.encode())) + value.encode()


def number(value):
    return (U32, struct.pack('<I', value))


def real(value):
    return (F32, struct.pack('<f', value))


def string(value):
    return (STRING, text(value))


def texts(values):
    return (ARRAY, struct.pack('<IQ', STRING, len(values)) + b''.join(text(v) for v in values))


def numbers(kind, code, values):
    return (ARRAY, struct.pack(f'<IQ{len(values)}{code}', kind, len(values), *values))


def vocabulary():
    """The keys of a SentencePiece vocabulary of 32 pieces: the letters, a space, and what must be there."""
    tokens = ['<unk>', '<s>', '</s>', '\u2581', *'abcdefghijklmnopqrstuvwxyz', '.', ',']
    kinds = [2, 3, 3] + [1] * 29
    return {'tokenizer.ggml.model': string('llama'), 'tokenizer.ggml.tokens': texts(tokens),
            'tokenizer.ggml.scores': numbers(F32, 'f', [-float(i) for i in range(32)]),
            'tokenizer.ggml.token_type': numbers(I32, 'i', kinds),
            'tokenizer.ggml.bos_token_id': number(1), 'tokenizer.ggml.eos_token_id': number(2),
            'tokenizer.ggml.unknown_token_id': number(0), 'tokenizer.ggml.add_bos_token': (BOOL, b'\1')}
