// Runs one model on recorded inputs and prints the NMSE of each output against the record, as JSON.
//   node onnxruntime_case.js RUNTIME MODEL RECORD
const fs = require('fs');
const [runtimePath, modelPath, recordPath] = process.argv.slice(2);
const ort = require(runtimePath);

const ARRAYS = {F32: ['float32', Float32Array], I32: ['int32', Int32Array], I64: ['int64', BigInt64Array]};

function readRecord(path) {
  const bytes = fs.readFileSync(path);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const record = {in: {}, out: {}};
  for (const [name, tensor] of Object.entries(JSON.parse(bytes.toString('utf8', 8, headerEnd)))) {
    if (name === '__metadata__') continue;
    const [type, Array] = ARRAYS[tensor.dtype];
    const [begin, end] = tensor.data_offsets.map((offset) => headerEnd + offset);
    const copy = bytes.buffer.slice(bytes.byteOffset + begin, bytes.byteOffset + end);
    const dot = name.indexOf('.');
    record[name.slice(0, dot)][name.slice(dot + 1)] = new ort.Tensor(type, new Array(copy), tensor.shape);
  }
  return record;
}

function nmse(expected, found) {
  if (String(expected.dims) !== String(found.dims)) throw new Error(`has shape ${found.dims}, not ${expected.dims}`);
  let difference = 0;
  let power = 0;
  for (let i = 0; i < expected.data.length; ++i) {
    const [a, b] = [Number(expected.data[i]), Number(found.data[i])];
    difference += (a - b) ** 2;
    power += a ** 2;
  }
  return power === 0 ? difference : difference / power;
}

async function main() {
  const record = readRecord(recordPath);
  const session = await ort.InferenceSession.create(modelPath, {executionProviders: ['cpu'], logSeverityLevel: 3});
  const found = await session.run(record.in);
  const result = {version: require(`${runtimePath}/package.json`).version, nmse: {}};
  for (const [name, expected] of Object.entries(record.out)) result.nmse[name] = nmse(expected, found[name]);
  console.log(JSON.stringify(result));
}

main().catch((error) => {
  console.error(String(error.message || error));
  process.exit(1);
});
