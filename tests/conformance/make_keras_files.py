"""Writes HDF5 and Keras files of every kind that Plumb reads, and those that it must refuse.

    KERAS_BACKEND=jax python3 tests/conformance/make_keras_files.py tests/data/keras tests/data/hdf5

The first folder gets files to read: `make_container_cases.py` records what h5py reads from them. The second gets those to
refuse and those to damage. Needs h5py and keras (with any backend) from PyPI.
"""
import pathlib
import sys
import zipfile
import zlib

import h5py
import numpy

RANDOM = numpy.random.default_rng(1)


def floats(*shape):
    return RANDOM.normal(size=shape).astype(numpy.float32)


def fill_types(file):
    for name in ('i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16'):
        for order in '<>':
            if order == '<' or name[1:] != '1':
                values = (numpy.arange(6).reshape(2, 3) - (0 if name[0] == 'u' else 3)) * 1.5
                file[f'types/{name}{"le" if order == "<" else "be"}'] = values.astype(order + name)
    file['types/bool'] = numpy.array([True, False, True])
    file['types/scalar'] = numpy.float64(2.5)
    file['types/empty'] = numpy.zeros((0, 4), numpy.float32)
    file.attrs['count'] = numpy.int16(-3)
    file.attrs['ratio'] = 0.25
    file.attrs['sizes'] = numpy.array([1, 2], numpy.uint8)
    file.attrs['fixed'] = numpy.bytes_('ASCII text')
    file.attrs['names'] = ['ä', 'b']


def fill_layouts(file):
    chunked = dict(chunks=(3, 4))
    file.create_dataset('chunks/plain', data=floats(7, 9), **chunked)
    file.create_dataset('chunks/deflate', data=floats(7, 9), compression='gzip', **chunked)
    file.create_dataset('chunks/shuffle', data=floats(7, 9), compression='gzip', shuffle=True, **chunked)
    file.create_dataset('chunks/all', data=numpy.arange(63, dtype='>i2').reshape(7, 9), compression=9, shuffle=True,
                        fletcher32=True, **chunked)
    file.create_dataset('chunks/sum', data=numpy.arange(45, dtype=numpy.uint8), chunks=(7,), fletcher32=True)
    file.create_dataset('chunks/rank3', data=floats(3, 4, 5), chunks=(2, 3, 2), compression='gzip')
    file.create_dataset('chunks/grown', data=floats(4, 4), maxshape=(None, 8), chunks=(2, 3), compression='gzip')
    file.create_dataset('chunks/both', data=floats(4, 4), maxshape=(None, None), chunks=(2, 3))
    file.create_dataset('chunks/one', data=floats(4, 4), chunks=(4, 4), compression='gzip')
    part = file.create_dataset('chunks/part', shape=(6, 6), dtype='f4', chunks=(2, 2), fillvalue=1.5)
    part[2:4, 1:3] = floats(2, 2)
    skipped = file.create_dataset('chunks/skipped', shape=(4, 2), dtype='u1', chunks=(2, 2), compression='gzip')
    skipped.id.write_direct_chunk((0, 0), b'\1\2\3\4', filter_mask=1)
    skipped.id.write_direct_chunk((2, 0), zlib.compress(b'\5\6\7\x08'))
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_layout(h5py.h5d.COMPACT)
    for name in ('compact/a', 'compact/b'):
        values = floats(2, 3)
        file.require_group('compact')
        h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32BE, h5py.h5s.create_simple((2, 3)), create).write(
            h5py.h5s.ALL, h5py.h5s.ALL, values)
    file.create_dataset('unwritten', shape=(3, 5), dtype='>i4', fillvalue=-7)
    file['contiguous'] = floats(5, 5)
    file['tied/hard'] = file['contiguous']
    file['tied/soft'] = h5py.SoftLink('/contiguous')
    file['texts'] = ['a', 'b']
    file.create_dataset('nothing', dtype='f4', data=h5py.Empty('f4'))
    file['structures'] = numpy.zeros(2, [('x', 'f4'), ('y', 'i4')])


# The newest layouts that libhdf5 1.10 knows.
NEWEST = {'libver': ('v110', 'v110')}


def write_readable(folder):
    for name, options in (('earliest', {'libver': 'earliest'}), ('newest', NEWEST)):
        with h5py.File(folder / f'{name}.h5', 'w', **options) as file:
            fill_types(file)
            fill_layouts(file)
    with h5py.File(folder / 'legacy-twins.h5', 'w') as file:
        # Two layers whose weights are called alike, names in pieces, weights of the model itself, others.
        file.attrs['layer_names0'] = numpy.array([b'second'])
        file.attrs['layer_names1'] = numpy.array([b'first', b'none'])
        for layer in ('first', 'second', 'none', 'top_level_model_weights'):
            names = [] if layer == 'none' else [b'kernel:0', b'bias:0']
            group = file.create_group(layer)
            group.attrs['weight_names'] = names
            for name in names:
                group[name.decode()] = floats(2, 2)
        file['other'] = floats(1)


def write_models(folder):
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    code = eval(compile('lambda x: x + 1', 'example.py', 'eval'))  # Its file's name is stored with it.
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3, name='d'), layers.Lambda(code, name='code'), layers.BatchNormalization()])
    model.compile('adam', 'mse')
    model.fit(numpy.zeros((2, 4)), numpy.zeros((2, 3)), verbose=0)
    model.save(folder / 'model.keras')
    model.save(folder / 'model.h5')
    model.save_weights(folder / 'model.weights.h5')
    keras.Sequential([layers.Input((4,)), layers.Dense(3, dtype='bfloat16')]).save(folder / 'bfloat16.keras')
    with zipfile.ZipFile(folder / 'model.keras') as stored, \
            zipfile.ZipFile(folder / 'deflated.keras', 'w', zipfile.ZIP_DEFLATED) as deflated:
        for name in stored.namelist():
            deflated.writestr(zipfile.ZipInfo(name), stored.read(name), zipfile.ZIP_DEFLATED)


def write_hostile(folder):
    def new(name, **options):
        return h5py.File(folder / f'{name}.h5', 'w', **options)

    for name, options in (('small', {}), ('small-latest', NEWEST)):
        with new(name, **options) as file:
            file['g/x'] = numpy.arange(3, dtype=numpy.float32)
            file.create_dataset('c', data=numpy.arange(8, dtype=numpy.int16), chunks=(4,), compression='gzip', shuffle=True,
                                fletcher32=True)
            file.attrs['layer_names'] = ['g']
            file['g'].attrs['weight_names'] = ['x']
    with new('wide') as file:
        file['x'] = numpy.zeros(4096, numpy.float32)
        file.create_dataset('c', data=numpy.ones(8192, numpy.uint8), chunks=(4096,))
    with new('tiny') as file:
        file['x'] = numpy.arange(3, dtype=numpy.float32)
        file.attrs['n'] = numpy.bytes_('text')
    # libhdf5 1.10 goes round in circles in the heap of this one's texts.
    endless = bytearray((folder / 'small.h5').read_bytes())
    endless[7041] ^= 1
    (folder / 'endless.h5').write_bytes(endless)
    with new('external-link') as file:
        file['x'] = h5py.ExternalLink('/etc/hostname', '/y')
    with new('soft-to-external') as file:
        file['a'] = h5py.SoftLink('/z/y')
        file['z'] = h5py.ExternalLink('small.h5', '/g')
    with new('external-storage') as file:
        file.create_dataset('x', shape=(4,), dtype='u1', external=[('/etc/hostname', 0, 4)])
    with new('virtual', **NEWEST) as file:
        layout = h5py.VirtualLayout(shape=(3,), dtype='f4')
        layout[:] = h5py.VirtualSource('small.h5', 'g/x', shape=(3,))
        file.create_virtual_dataset('x', layout)
    with new('hard-cycle') as file:
        group = file.create_group('a/b/c')
        group['up'] = file['a']
    with new('soft-cycle') as file:
        file['a'] = h5py.SoftLink('/b')
        file['b'] = h5py.SoftLink('/a')
    with new('soft-nowhere') as file:
        file['a'] = h5py.SoftLink('/none')
    with new('deep', **NEWEST) as file:
        file.create_group('/'.join(['g'] * 70))
    with new('diamonds', **NEWEST) as file:
        group = file
        for _ in range(20):
            below = group.create_group('a')
            group['b'] = below
            group = below
    with new('filter-lzf') as file:
        file.create_dataset('x', data=floats(8), chunks=(8,), compression='lzf')
    with new('filter-scaleoffset') as file:
        file.create_dataset('x', data=numpy.arange(8), chunks=(8,), scaleoffset=4)
    with new('filter-unknown') as file:
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((8,))
        create.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2))
        h5py.h5d.create(file.id, b'x', h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((8,)), create)
    with new('bomb-chunk') as file:
        dataset = file.create_dataset('x', shape=(1 << 24,), dtype='f4', chunks=(1 << 24,), compression='gzip')
        dataset.id.write_direct_chunk((0,), zlib.compress(bytes(1000)))
    with new('bomb-deflate') as file:
        dataset = file.create_dataset('x', shape=(1000,), dtype='u1', chunks=(1000,), compression='gzip')
        dataset.id.write_direct_chunk((0,), zlib.compress(bytes(10_000_000), 9))
    with new('short-chunk') as file:
        dataset = file.create_dataset('x', shape=(1000,), dtype='u1', chunks=(1000,), compression='gzip')
        dataset.id.write_direct_chunk((0,), zlib.compress(bytes(999)))
    with new('wrong-sum') as file:
        dataset = file.create_dataset('x', shape=(8,), dtype='u1', chunks=(8,), fletcher32=True)
        dataset.id.write_direct_chunk((0,), bytes(8) + b'\1\0\0\0')
    with new('many-chunks') as file:
        file.create_dataset('x', shape=(1 << 31,), dtype='u1', chunks=(16,))
    with new('large-unpacked') as file:
        file.create_dataset('x', shape=(1 << 31,), dtype='f4', chunks=(1 << 20,))
    with new('large-unwritten') as file:
        file.create_dataset('x', shape=(1 << 30,), dtype='f4')
    with new('huge-unwritten') as file:
        file.create_dataset('x', shape=((1 << 63) - 1,), dtype='u1', chunks=(1 << 20,))
    with new('weight-missing') as file:
        file.attrs['layer_names'] = ['a']
        file.create_group('a').attrs['weight_names'] = ['none']
    with new('layer-missing') as file:
        file.attrs['layer_names'] = ['a']


def write_hostile_archives(folder):
    small = (folder / 'small.h5').read_bytes()
    config = b'{"class_name": "Sequential", "config": {}}'

    def archive(name, **entries):
        with zipfile.ZipFile(folder / f'{name}.keras', 'w') as out:
            for entry, data in entries.items():
                out.writestr(zipfile.ZipInfo(entry.replace('_', '.', 2 if 'weights' in entry else 1)), data)

    archive('no-weights', metadata_json=b'{}', config_json=config)
    archive('broken-weights', metadata_json=b'{}', config_json=config, model_weights_h5=small[:-1])
    archive('broken-metadata', metadata_json=b'{"a": 1, "a": 2}', config_json=config, model_weights_h5=small)
    archive('broken-config', metadata_json=b'{}', config_json=b'{Lambda', model_weights_h5=small)


def main():
    readable, hostile = map(pathlib.Path, sys.argv[1:])
    readable.mkdir(parents=True, exist_ok=True)
    hostile.mkdir(parents=True, exist_ok=True)
    write_readable(readable)
    write_models(readable)
    write_hostile(hostile)
    write_hostile_archives(hostile)


if __name__ == '__main__':
    main()
