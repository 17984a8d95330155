// Log-probabilities of llama.cpp with the LoRA files that `go test -update` wrote:
//   node llamacpp.mjs ../../internal/interchange/testdata GGUF_OF_BASES
// node-llama-cpp gives probabilities, which are the logits up to one number a position.
import {readFileSync, writeFileSync} from "node:fs";
import path from "node:path";
import {getLlama} from "node-llama-cpp";

const [dir, bases] = process.argv.slice(2);

// tokens of golden.safetensors, the first of its tensors by name but not by place.
function tokens(file) {
    const b = readFileSync(file), n = Number(b.readBigUInt64LE(0));
    const [from, to] = JSON.parse(b.subarray(8, 8 + n).toString()).tokens.data_offsets;
    return Array.from({length: (to - from) / 4}, (_, i) => b.readFloatLE(8 + n + from + 4 * i));
}

const llama = await getLlama({gpu: false, build: "never"});
for (const arch of ["llama", "qwen2", "gpt2"]) {
    const model = await llama.loadModel({modelPath: path.join(bases, arch + ".gguf")});
    const context = await model.createContext({
        contextSize: 64, threads: 1, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
        lora: {adapters: [{filePath: path.join(dir, arch, "ours", "adapter.gguf"), scale: 1}]},
    });
    const input = tokens(path.join(dir, arch, "golden.safetensors"));
    // Without these options the probabilities are those of a temperature of 0.
    const options = {generateNext: {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}}};
    const result = await context.getSequence().controlledEvaluate(input.map((t) => [t, options]));
    const rows = result.map(({next: {probabilities}}) => {
        const row = Array(model.fileInfo.metadata.tokenizer.ggml.tokens.length).fill(0);
        for (const [token, p] of probabilities) row[token] = Math.log(p);
        return row;
    });
    writeFileSync(path.join(dir, arch, "ours_llamacpp.json"), JSON.stringify(rows.map((r) => r.map((x) => Number(x.toPrecision(7))))) + "\n");
    await context.dispose();
    await model.dispose();
}
await llama.dispose();
