// Package encoder writes documents into adapters: the inner loop of PERK, at test time.
//
// # Main types
//
// Chunk cuts a text into short separate sequences. Loop runs a recipe's gradient steps over them, group by group, and gives the
// adapter. Encoder joins the two into perk.Encoder, whose payload is the adapter's delta from the recipe's initial adapter, stored with
// the recipe's bits an element.
//
// # The write
//
// Every chunk is a sequence of its own, begun by the label <doc>, or by <rev> when its tokens are in reverse order, which makes
// "B is A's" answerable from "A has B". The loss is
//
//	L(phi) = 1/D sum_t w_t (-log p(k_t | label, k_<t within its chunk; base, phi))
//
// with the recipe's constant D and the weights w_t of its head. As the chunks do not see each other, their order does not matter, and
// a document may be longer than the model's window.
//
// # Caveats
//
// An adapter's bytes are the same for any number of threads, on one kind of CPU: kernels for other CPUs round otherwise. Another
// GroupTokens adds the groups' gradients in another order; AdamW's first step, which is nearly the sign of the gradient, can
// amplify that where a gradient is close to zero.
package encoder
