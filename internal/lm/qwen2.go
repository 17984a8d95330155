package lm

// qwen2 is the family of Qwen2 and Qwen2.5 models: llama with biases on queries, keys and values.
type qwen2 struct{ llama }

func (qwen2) biased(mod int) bool { return mod == modQ || mod == modK || mod == modV }
