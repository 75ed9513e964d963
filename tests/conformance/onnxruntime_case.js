// Runs one model on recorded inputs and prints the NMSE of each output against the record, as JSON.
//   node onnxruntime_case.js RUNTIME MODEL RECORD
const {readRecord, nmse} = require('./safetensors_record.js');
const [runtimePath, modelPath, recordPath] = process.argv.slice(2);
const ort = require(runtimePath);

const TYPES = {F32: 'float32', I32: 'int32', I64: 'int64'};

function readTensors(path) {
  const tensors = {in: {}, out: {}};
  for (const [name, {dtype, shape, data}] of Object.entries(readRecord(path))) {
    const dot = name.indexOf('.');
    tensors[name.slice(0, dot)][name.slice(dot + 1)] = new ort.Tensor(TYPES[dtype], data, shape);
  }
  return tensors;
}

function compare(expected, found) {
  if (String(expected.dims) !== String(found.dims)) throw new Error(`has shape ${found.dims}, not ${expected.dims}`);
  return nmse(expected.data, found.data);
}

async function main() {
  const record = readTensors(recordPath);
  const session = await ort.InferenceSession.create(modelPath, {executionProviders: ['cpu'], logSeverityLevel: 3});
  const found = await session.run(record.in);
  const result = {version: require(`${runtimePath}/package.json`).version, nmse: {}};
  for (const [name, expected] of Object.entries(record.out)) result.nmse[name] = compare(expected, found[name]);
  console.log(JSON.stringify(result));
}

main().catch((error) => {
  console.error(String(error.message || error));
  process.exit(1);
});
