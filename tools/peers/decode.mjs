// perk's decoder beside llama.cpp with Q8_0 weights of the same shape, one thread each, in turns. See README.md.
//   node decode.mjs PERK MODEL.gguf [PROMPT_TOKENS=64] [ROUNDS=5]
import {execFileSync} from "node:child_process";
import {getLlama} from "node-llama-cpp";

const [perk, modelPath, prompt = "64", rounds = "5"] = process.argv.slice(2);
const tokens = 32, read = Number(prompt);

const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath});

// peer reads the prompt and decodes after it; seconds of the reading, and tokens a second of the decoding.
async function peer() {
    const context = await model.createContext({contextSize: read + tokens + 8, batchSize: 512, threads: 1, flashAttention: true});
    const text = Array.from({length: read}, (_, i) => i * 7919 % 49152);
    let start = performance.now(), first = 0, n = 0;
    for await (const _ of context.getSequence().evaluate(text, {temperature: 0, yieldEogToken: true})) {
        if (n++ === 0) first = performance.now();
        if (n > tokens) break;
    }
    const end = performance.now();
    await context.dispose();
    return {read: (first - start) / 1e3, speed: (n - 1) / (end - first) * 1e3};
}

const median = (x) => x.sort((a, b) => a - b)[Math.floor(x.length / 2)];
const ours = [], theirs = [], ratio = [], reading = [], readRatio = [];
await peer(); // warms up
for (let i = 0; i < Number(rounds); i++) {
    const theirSide = await peer();
    const ourSide = JSON.parse(execFileSync(perk, ["bench", "decode", "--json", "--prompt", prompt, "--tokens", String(tokens)], {env: {...process.env, GOMAXPROCS: "1"}, encoding: "utf8"}));
    ours.push(ourSide.tokens_per_s);
    theirs.push(theirSide.speed);
    ratio.push(ourSide.tokens_per_s / theirSide.speed);
    reading.push(theirSide.read);
    readRatio.push(ourSide.prefill_tokens_per_s * theirSide.read / read);
}
console.log(JSON.stringify({
    prompt_tokens: read, perk_tokens_per_s: median(ours), llama_cpp_tokens_per_s: median(theirs), decode_ratio: median(ratio),
    llama_cpp_prompt_s: median(reading), prompt_ratio: median(readRatio),
}));
await llama.dispose();
