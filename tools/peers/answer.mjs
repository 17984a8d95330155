// What a question costs from an adapter, and what it costs llama.cpp, which has to read the document as its prompt: the same shape, one thread each. See README.md.
//   node answer.mjs PERK MODEL.gguf [DOCUMENT_TOKENS=8192] [QUESTION_TOKENS=32] [ANSWER_TOKENS=10]
import {execFileSync} from "node:child_process";
import {getLlama} from "node-llama-cpp";

const [perk, modelPath, document = "8192", question = "32", answer = "10"] = process.argv.slice(2);
const read = Number(document) + Number(question), tokens = Number(answer);

const ourSide = JSON.parse(execFileSync(perk, ["bench", "decode", "--json", "--rank", "16", "--prompt", question, "--tokens", answer], {env: {...process.env, GOMAXPROCS: "1"}, encoding: "utf8"}));
const ours = Number(question) / ourSide.prefill_tokens_per_s + tokens / ourSide.tokens_per_s;

const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: read + tokens + 8, batchSize: 512, threads: 1, flashAttention: true});
const start = performance.now();
let n = 0;
for await (const _ of context.getSequence().evaluate(Array.from({length: read}, (_, i) => i * 7919 % 49152), {temperature: 0, yieldEogToken: true}))
    if (++n >= tokens) break;
const theirs = (performance.now() - start) / 1e3;
console.log(JSON.stringify({document_tokens: Number(document), perk_s: ours, llama_cpp_s: theirs, times: theirs / ours}));
await context.dispose();
await llama.dispose();
