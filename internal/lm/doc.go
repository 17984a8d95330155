// Package lm runs decoder-only transformers in float32, with low-rank adapters on any linear layer.
//
// A Model is a Config and its weights, checked once by New or Load and never changed. Two paths read it:
//
//   - Pass, the training path: many short sequences at once, loss and its gradient with respect to an adapter while the
//     base is frozen. Layers below the lowest adapted module are run once per Pass, whatever the number of Gradient calls.
//   - Session, the decode path: one sequence, a key-value cache, no allocation per token.
//
// Both define one model, and a test holds them to each other.
//
// # Architectures
//
// Each architecture is one file with its tensor table and the parts in which it differs: "nano" (nano.go), the small
// model with a token-shift convolution and a squared-ReLU MLP; "llama" (llama.go), with gains, grouped-query
// attention and SwiGLU; "qwen2" (qwen2.go), which adds biases on queries, keys and values; and "gpt2" (gpt2.go), with LayerNorm,
// learned positions, biases, GELU, and queries, keys and values from one module "attn.qkv". Attention, rotary positions with the
// stretching of Llama 3, adapters and the head are shared.
//
// # Determinism
//
// A Pass cuts its batch into groups of whole sequences by size alone, gives groups to threads, and adds the groups' losses and
// gradients in order of the groups, so that results have the same bits for any number of threads.
//
// # Caveats
//
// Models and Passes keep references to what they were given; weights must not change afterwards. A Model may be shared by
// goroutines; a Pass or a Session belongs to one at a time. A batch of one sequence runs on one thread. The head is packed
// for both directions by the first Pass, so it is held three times from then on; every other weight is held once. Sizes that
// come from files or callers are checked and reported as EInvalid; the kernels below would panic.
package lm
