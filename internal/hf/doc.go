// Package hf reads base models from folders in the layout of the Hugging Face hub: config.json beside model.safetensors, or beside
// model.safetensors.index.json and the shards that it lists.
//
// Open gives the model, Tokenizer the tokenizer. Open maps the configuration to lm.Config, finds every tensor of the architecture by its name in Transformers,
// holds its shape to the configuration before it reads it, widens F16 and BF16, and turns GPT-2's Conv1D weights, which are stored
// (in, out). One tensor at a time is held twice, at most.
//
// # Architectures
//
// A family (family.go) is what model_type names: "llama" (Llama, TinyLlama, SmolLM2, Llama 3 with its stretched rotary angles) and "qwen2"
// (Qwen2, Qwen2.5) in llama.go, "gpt2" in gpt2.go.
//
// # Caveats
//
// Nothing is guessed: a feature that lm does not compute (another activation, quantised weights, sliding windows, other rotary
// scalings, unknown tensors) is an EInvalid error, since a model that runs and says something else is worse. Computing is in float32
// whatever the file's type is.
package hf
