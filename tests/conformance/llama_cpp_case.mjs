// Runs models by llama.cpp on recorded ids and prints the NMSE of each against its record, as JSON.
//   node llama_cpp_case.mjs NODE_MODULES MODEL RECORD [MODEL RECORD ...]
import {createRequire} from 'module';
import {pathToFileURL} from 'url';

const [modules, ...paths] = process.argv.slice(2);
const {readRecord, nmse} = createRequire(import.meta.url)('./safetensors_record.js');
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(`${modules}/node-llama-cpp/dist/index.js`));
const llama = await getLlama({gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error});

// Logits are known up to a constant of each position: llama.cpp gives shares.
function centred(row) {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  return Array.from(row, (x) => x - mean);
}

async function logitsError(model, record) {
  const [batch, length] = record.input_ids.shape;
  const vocabulary = record.logits.shape[2];
  const context = await model.createContext({
    contextSize: 64,
    sequences: batch,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  const expected = [];
  const found = [];
  for (let b = 0; b < batch; ++b) {
    const ids = Array.from(record.input_ids.data.slice(b * length, (b + 1) * length), Number);
    const steps = await context.getSequence().controlledEvaluate(
        ids.map((id) => [id, {generateNext: {probabilities: true}}]));
    for (let t = 0; t < length; ++t) {
      const row = new Float64Array(vocabulary);
      for (const [id, share] of steps[t].next.probabilities) row[id] = Math.log(share);
      found.push(...centred(row));
      const at = (b * length + t) * vocabulary;
      expected.push(...centred(record.logits.data.subarray(at, at + vocabulary)));
    }
  }
  return nmse(expected, found);
}

async function embeddingError(model, record) {
  const [batch, length] = record.input_ids.shape;
  const context = await model.createEmbeddingContext({contextSize: 64});
  const found = [];
  for (let b = 0; b < batch; ++b) {
    const ids = Array.from(record.input_ids.data.slice(b * length, (b + 1) * length), Number);
    found.push(...(await context.getEmbeddingFor(ids)).vector);
  }
  return nmse(record.sentence_embedding.data, found);
}

const errors = {};
for (let i = 0; i + 1 < paths.length; i += 2) {
  const record = readRecord(paths[i + 1]);
  const model = await llama.loadModel({modelPath: paths[i]});
  errors[paths[i]] = await (record.logits ? logitsError(model, record) : embeddingError(model, record));
  await model.dispose();
}
console.log(JSON.stringify(errors));
process.exit(0);
