// Times ONNX Runtime from npm on one model and prints the milliseconds of each round, as JSON.
//   node onnxruntime_speed.js RUNTIME MODEL POSITIONS ROUNDS THREADS
const [runtimePath, modelPath, ...numbers] = process.argv.slice(2);
const ort = require(runtimePath);
const [positions, rounds, threads] = numbers.map(Number);

async function main() {
  const session = await ort.InferenceSession.create(
      modelPath, {executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 3});
  const ids = BigInt64Array.from({length: positions}, (_, i) => BigInt((i * 7919) % 50257));
  const feeds = {ids: new ort.Tensor('int64', ids, [1, positions])};
  await session.run(feeds);
  const times = [];
  for (let i = 0; i < rounds; ++i) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  console.log(JSON.stringify(times));
}

main();
