// Package torchfile reads files that PyTorch's torch.save wrote, such as checkpoints: nested dictionaries and lists of numbers, texts and tensors.
//
// Open reads everything but the tensors' data; File.Floats then gives one tensor as float32, so that a checkpoint of gigabytes is read for the few tensors that are
// wanted. At finds a value by its path.
//
// # Source
//
// The format is a ZIP archive of stored members: data.pkl, a Python pickle in which persistent ids stand for the tensors' memory, and data/KEY with that memory, little-endian
// (torch/serialization.py, torch/_utils.py). Opcodes are those of Python's pickletools.py, protocols 2 to 4.
//
// # Caveats
//
// A pickle is a program that may call anything. Here nothing is ever called: the few functions that make tensors and ordered dictionaries are recognised by name, and whatever else
// a file wants to build becomes an Object, which keeps the name of its class and nothing more. Lengths are checked against the bytes that are left before anything is allocated.
// Files of torch.save before version 1.6 are no ZIP archives and are refused.
package torchfile
