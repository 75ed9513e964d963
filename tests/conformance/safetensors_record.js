// Tensors of a small safetensors file, by name: {shape, data}.
const fs = require('fs');

const ARRAYS = {F32: Float32Array, I32: Int32Array, I64: BigInt64Array};

exports.readRecord = (path) => {
  const bytes = fs.readFileSync(path);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const record = {};
  for (const [name, tensor] of Object.entries(JSON.parse(bytes.toString('utf8', 8, headerEnd)))) {
    if (name === '__metadata__') continue;
    const [begin, end] = tensor.data_offsets.map((offset) => bytes.byteOffset + headerEnd + offset);
    record[name] = {shape: tensor.shape, dtype: tensor.dtype, data: new ARRAYS[tensor.dtype](bytes.buffer.slice(begin, end))};
  }
  return record;
};

// Mean square of the differences over the mean square of what was expected.
exports.nmse = (expected, found) => {
  let difference = 0;
  let power = 0;
  for (let i = 0; i < expected.length; ++i) {
    const [a, b] = [Number(expected[i]), Number(found[i])];
    difference += (a - b) ** 2;
    power += a ** 2;
  }
  return power === 0 ? difference : difference / power;
};
