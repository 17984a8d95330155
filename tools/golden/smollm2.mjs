// What llama.cpp makes of SmolLM2-135M-Instruct in a GGUF file: tokens, and for the prompts the most probable token and the loss at every position, and 64 tokens decoded greedily.
//   node smollm2.mjs MODEL.gguf ../../internal/ggufmodel/testdata/smollm2
import {readFileSync, writeFileSync} from "node:fs";
import path from "node:path";
import {getLlama} from "node-llama-cpp";

const [file, dir] = process.argv.slice(2);
const {prompts, texts} = JSON.parse(readFileSync(path.join(dir, "prompts.json")));
const llama = await getLlama({gpu: false, build: "never"});
const model = await llama.loadModel({modelPath: file});
const context = await model.createContext({contextSize: 256, threads: 2, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32"});
const sequence = context.getSequence();
const options = {generateNext: {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}}};

async function run(text) {
    const tokens = model.tokenize(text, false);
    await sequence.clearHistory();
    const result = await sequence.controlledEvaluate(tokens.map((t) => [t, options]));
    const top = [], nll = [];
    let best;
    result.forEach(({next: {probabilities}}, i) => {
        best = [...probabilities].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
        top.push(best);
        if (i + 1 < tokens.length) nll.push(Number((-Math.log(probabilities.get(tokens[i + 1]))).toPrecision(6)));
    });
    const greedy = [best];
    while (greedy.length < 64) {
        const [r] = await sequence.controlledEvaluate([[greedy.at(-1), options]]);
        greedy.push([...r.next.probabilities].reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
    }
    return {tokens: [...tokens], top, nll, greedy};
}

const out = {prompts: [], texts: texts.map((t) => [...model.tokenize(t, false)])};
for (const p of prompts) out.prompts.push(await run(p));
writeFileSync(path.join(dir, process.argv[4] ?? "llamacpp.json"), JSON.stringify(out).replaceAll('{"tokens"', '\n{"tokens"') + "\n");
await llama.dispose();
