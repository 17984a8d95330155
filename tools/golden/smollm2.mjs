// How llama.cpp cuts texts into the tokens of SmolLM2-135M-Instruct, from the tokenizer in a GGUF file of it:
//   node smollm2.mjs MODEL.gguf ../../internal/ggufmodel/testdata/smollm2
import {readFileSync, writeFileSync} from "node:fs";
import path from "node:path";
import {getLlama} from "node-llama-cpp";

const [file, dir] = process.argv.slice(2);
const {prompts, texts} = JSON.parse(readFileSync(path.join(dir, "prompts.json")));
const llama = await getLlama({gpu: false, build: "never"});
const model = await llama.loadModel({modelPath: file});
const tokens = (text) => [...model.tokenize(text, false)];
writeFileSync(path.join(dir, "llamacpp.json"), JSON.stringify({prompts: prompts.map(tokens), texts: texts.map(tokens)}).replaceAll("],[", "],\n[") + "\n");
await llama.dispose();
