"""Writes what the tests of formats/gguf compare with, from the `gguf` Python package.

    make_gguf_cases.py tests/data/gguf formats/gguf/iq_grid_list.h [tests/fuzz/corpus/gguf VOCABULARIES...]

Into the folder: dequantised.safetensors (random blocks of every type and the float32 the package makes of them),
quantised.safetensors (floats and the blocks the package makes of them), written.gguf and written-big.gguf (a file as
its writer lays it out, in either byte order). Into the header: the grids of the IQ types, which no hand typed. Into the corpus: a file with a block of every type, and real vocabulary files with
their arrays cut to a few elements.
"""
import pathlib
import sys

import gguf
import numpy as np
from gguf import quants
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from safetensors.numpy import save_file

BLOCKS = 12
# Where a block has half-precision numbers that would be NaN or infinite in random bytes.
HALVES = {'Q4_0': [0], 'Q4_1': [0, 2], 'Q5_0': [0], 'Q5_1': [0, 2], 'Q8_0': [0], 'Q2_K': [80, 82], 'Q3_K': [108],
          'Q4_K': [0, 2], 'Q5_K': [0, 2], 'Q6_K': [208], 'IQ2_XXS': [0], 'IQ2_XS': [0], 'IQ3_XXS': [0], 'IQ1_S': [0],
          'IQ4_NL': [0], 'IQ3_S': [0], 'IQ2_S': [0], 'IQ4_XS': [0], 'TQ1_0': [52], 'TQ2_0': [64]}


def random_blocks(rng, qtype):
    """Half of the blocks with moderate scales, the others with any that are finite."""
    _, size = GGML_QUANT_SIZES[qtype]
    blocks = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for at in HALVES.get(qtype.name, []):
        moderate = (rng.standard_normal(BLOCKS // 2) * 0.1).astype(np.float16)
        wild = rng.integers(0, 65536, BLOCKS - BLOCKS // 2, dtype=np.uint16)
        wild[(wild & 0x7c00) == 0x7c00] &= 0xbfff
        blocks[:, at:at + 2] = np.concatenate([moderate.view(np.uint16), wild]).view(np.uint8).reshape(-1, 2)
    if qtype == Type.IQ1_M:
        # The scale lies in the top nibbles of four words; the top bit of its exponent is cleared.
        blocks[:, 55] &= 0xbf
    return blocks


def dequantised(rng):
    tensors = {}
    for qtype in sorted(quants._type_traits):
        if qtype == Type.BF16:
            continue
        blocks = random_blocks(rng, qtype)
        tensors[f'{qtype.name}.blocks'] = blocks
        tensors[f'{qtype.name}.values'] = quants.dequantize(blocks, qtype).astype(np.float32)
    return tensors


def quantised(rng):
    values = np.concatenate([
        rng.standard_normal(2048),
        rng.uniform(-1, 1, 1024) * np.exp2(rng.integers(-20, 20, 1024)),
        rng.integers(-8, 9, 512) / 8,
        np.zeros(256),
        np.arange(256) - 100.5,
        rng.standard_normal(512) * 0.02,
    ]).astype(np.float32)
    tensors = {'values': values}
    for qtype in (Type.F16, Type.BF16, *sorted(quants._type_traits)):
        try:
            blocks = quants.quantize(values, qtype)
        except NotImplementedError:
            continue
        tensors[qtype.name] = np.ascontiguousarray(blocks).view(np.uint8)
    return tensors


def write_gguf(path, rng, endianess):
    writer = gguf.GGUFWriter(path, 'llama', endianess=endianess)
    writer.add_name('written by the reference')
    for name, value in (('uint8', 8), ('int8', -8), ('uint16', 16), ('int16', -16), ('uint32', 32), ('int32', -32),
                        ('uint64', 1 << 63), ('int64', -(1 << 62)), ('float32', 0.1), ('float64', 0.1), ('bool', True),
                        ('string', 'snow ☃')):
        getattr(writer, f'add_{name}')(f'test.{name}', value)
    writer.add_array('test.strings', ['a', '', 'ccc'])
    writer.add_array('test.integers', [1, -2, 3])
    writer.add_array('test.floats', [0.5, -0.25])
    writer.add_array('test.bools', [True, False])
    writer.add_tensor('plain', rng.standard_normal((3, 5)).astype(np.float32))
    writer.add_tensor('half', rng.standard_normal((4, 2)).astype(np.float16))
    writer.add_tensor('whole', np.arange(-3, 4, dtype=np.int32))
    # The writer leaves blocks as they are, in a big-endian file too; that would be no valid file.
    for name in ('Q8_0', 'Q4_0') if endianess == gguf.GGUFEndian.LITTLE else ():
        qtype = Type[name]
        rows = quants.quantize(rng.standard_normal((2, 64)).astype(np.float32), qtype)
        writer.add_tensor(name.lower(), rows, raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def table(name, element, values, per_line):
    digits = {'uint8_t': 2, 'uint32_t': 8, 'uint64_t': 16}[element]
    lines = [f'inline constexpr {element} {name}[{len(values)}] = {{']
    for at in range(0, len(values), per_line):
        lines.append('    ' + ' '.join(f'0x{int(v):0{digits}x},' for v in values[at:at + per_line]))
    return '\n'.join(lines + ['};', ''])


def grid_list():
    parts = ['''// The grids of ggml's IQ types: each number holds the 4 or 8 magnitudes of one entry, the first in its lowest byte
// (kIq1sGrid: signed bytes -1, 0, 1). Written by tests/conformance/make_gguf_cases.py.
#ifndef PLUMB_FORMATS_GGUF_IQ_GRID_LIST_H_
#define PLUMB_FORMATS_GGUF_IQ_GRID_LIST_H_

#include <cstdint>

// clang-format off
namespace plumb::gguf {

// Which of 8 elements are negative, by the 7 stored bits: the eighth makes their number even.
''' + table('kSignsOf', 'uint8_t', list(quants.IQ2_XXS.ksigns), 16)]
    for cls, name in ((quants.IQ2_XXS, 'kIq2xxsGrid'), (quants.IQ2_XS, 'kIq2xsGrid'), (quants.IQ2_S, 'kIq2sGrid'),
                      (quants.IQ3_XXS, 'kIq3xxsGrid'), (quants.IQ3_S, 'kIq3sGrid'), (quants.IQ1_S, 'kIq1sGrid')):
        cls.init_grid()
        rows = cls.grid.reshape(cls.grid_shape).astype(np.int8).view(np.uint8)
        wide = cls.grid_shape[1] == 8
        values = np.ascontiguousarray(rows).view('<u8' if wide else '<u4').ravel()
        parts.append(table(name, 'uint64_t' if wide else 'uint32_t', values, 6 if wide else 10))
    parts.append('''}  // namespace plumb::gguf
// clang-format on

#endif  // PLUMB_FORMATS_GGUF_IQ_GRID_LIST_H_
''')
    return '\n'.join(parts)


def every_type(path, rng):
    writer = gguf.GGUFWriter(path, 'llama')
    for qtype in sorted(GGML_QUANT_SIZES):
        if qtype.name == 'Q8_1':  # The package has an old size for it.
            continue
        elements, size = GGML_QUANT_SIZES[qtype]
        block = rng.integers(0, 256, (1, size), dtype=np.uint8)
        writer.add_tensor(qtype.name, block, raw_shape=(1, size), raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def cut(vocabulary, path, elements=6):
    """The key-values of a file, arrays cut short."""
    reader = gguf.GGUFReader(vocabulary)
    fields = {k: f for k, f in reader.fields.items() if not k.startswith('GGUF.') and k != 'general.architecture'}
    writer = gguf.GGUFWriter(path, bytes(reader.fields['general.architecture'].parts[-1]).decode())
    for key, field in fields.items():
        value = field.contents()
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_key_value(key, value[:elements], field.types[0], sub_type=field.types[1])
        else:
            writer.add_key_value(key, value, field.types[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def main():
    folder, header = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with np.errstate(all='ignore'):
        save_file(dequantised(np.random.default_rng(1)), folder / 'dequantised.safetensors')
        save_file(quantised(np.random.default_rng(2)), folder / 'quantised.safetensors')
    write_gguf(folder / 'written.gguf', np.random.default_rng(3), gguf.GGUFEndian.LITTLE)
    write_gguf(folder / 'written-big.gguf', np.random.default_rng(3), gguf.GGUFEndian.BIG)
    header.write_text(grid_list())
    if len(sys.argv) > 3:
        corpus = pathlib.Path(sys.argv[3])
        corpus.mkdir(parents=True, exist_ok=True)
        every_type(corpus / 'every_type', np.random.default_rng(4))
        for vocabulary in map(pathlib.Path, sys.argv[4:]):
            cut(vocabulary, corpus / vocabulary.stem)


if __name__ == '__main__':
    main()
