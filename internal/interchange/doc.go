// Package interchange moves adapters and recipes between perk and other programs: adapters of Hugging Face PEFT in both directions, LoRA files
// of llama.cpp out, and checkpoints of the PERK authors' released code in, as recipes.
//
// MarshalPEFT and ParsePEFT write and read PEFT's two files, WriteGGUF writes llama.cpp's one, ParsePERK reads a checkpoint. Fit brings an adapter that came from elsewhere into the form
// of a recipe's initial adapter.
//
// # Sources
//
// PEFT: https://huggingface.co/docs/peft/developer_guides/checkpoint, and tuners/lora of the library for what the configuration's fields do. llama.cpp:
// convert_lora_to_gguf.py and src/llama-adapter.cpp. PERK's code: https://github.com/eric11eca/perk at 9b1a918. Golden files of all are in testdata; tools/golden made them.
//
// # The order of rotated elements
//
// Rotary embeddings turn pairs of elements of a head. Transformers pairs (i, i + d/2), llama.cpp's Llama (2i, 2i+1), and lm does either
// (lm.Config.RopeHalf); so the output rows of query and key projections, those of B here, have another order in each. They are put in order on the way.
//
// # Caveats
//
// Neither program knows lora.Pair.NormA: such adapters are refused, because they would load and compute something else.
package interchange
