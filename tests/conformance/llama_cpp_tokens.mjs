// The ids that llama.cpp gives for the texts of a JSON list, as JSON.
//   node llama_cpp_tokens.mjs NODE_MODULES MODEL TEXTS
import fs from 'fs';
import {pathToFileURL} from 'url';

const [modules, path, texts] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(`${modules}/node-llama-cpp/dist/index.js`));
const llama = await getLlama({gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: path});
const ids = JSON.parse(fs.readFileSync(texts, 'utf8')).map((text) => model.tokenize(text, true));
console.log(JSON.stringify(ids));
process.exit(0);
