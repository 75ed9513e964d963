"""A GGUF file with a made-up vocabulary: llama.cpp opens no model without one, and tests/data keeps its models small."""
import struct

STRING, ARRAY, INT32, BOOL = 8, 9, 5, 7
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
ALIGNMENT = 32
HEADER = 24  # Magic, version, counts of tensors and of key-values.


def read_string(data, at):
    size, = struct.unpack_from('<Q', data, at)
    return data[at + 8:at + 8 + size].decode(), at + 8 + size


def skip_value(data, kind, at):
    if kind == STRING:
        return read_string(data, at)[1]
    if kind != ARRAY:
        return at + SIZES[kind]
    kind, count = struct.unpack_from('<IQ', data, at)
    at += 12
    for _ in range(count):
        at = skip_value(data, kind, at)
    return at


def walk(data):
    """The keys, the rows of the token embedding, and where the description of the tensors ends."""
    tensors, pairs = struct.unpack_from('<QQ', data, 8)
    at, keys, rows = HEADER, set(), 0
    for _ in range(pairs):
        key, at = read_string(data, at)
        keys.add(key)
        at = skip_value(data, struct.unpack_from('<I', data, at)[0], at + 4)
    for _ in range(tensors):
        name, at = read_string(data, at)
        dimensions, = struct.unpack_from('<I', data, at)
        if name == 'token_embd.weight':
            rows, = struct.unpack_from('<Q', data, at + 12)
        at += 4 + 8 * dimensions + 4 + 8
    return keys, rows, at


def string(text):
    return struct.pack('<Q', len(text.encode())) + text.encode()


def vocabulary(size):
    """Key-values of `size` tokens that no text is made of."""
    return [
        string('tokenizer.ggml.model') + struct.pack('<I', STRING) + string('gpt2'),
        string('tokenizer.ggml.pre') + struct.pack('<I', STRING) + string('default'),
        string('tokenizer.ggml.tokens') + struct.pack('<IIQ', ARRAY, STRING, size) +
        b''.join(string(f't{i}') for i in range(size)),
        string('tokenizer.ggml.token_type') + struct.pack('<IIQ', ARRAY, INT32, size) + struct.pack('<i', 1) * size,
        string('tokenizer.ggml.merges') + struct.pack('<IIQ', ARRAY, STRING, 1) + string('t 0'),
        string('tokenizer.ggml.add_bos_token') + struct.pack('<IB', BOOL, 0),
    ]


def with_vocabulary(data):
    """The file's bytes, with a vocabulary where it has none."""
    keys, rows, end = walk(data)
    if 'tokenizer.ggml.model' in keys:
        return data
    added = vocabulary(rows)
    pairs, = struct.unpack_from('<Q', data, 16)
    head = data[:16] + struct.pack('<Q', pairs + len(added)) + b''.join(added) + data[HEADER:end]
    return head + bytes(-len(head) % ALIGNMENT) + data[end + -end % ALIGNMENT:]
