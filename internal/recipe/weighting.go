package recipe

// Weighting is the head that says how much each token counts in the write, from the base model's final hidden states h at the position
// that predicts the token and at the token's own position:
//
//	w_t = softplus_3(W2 gelu(W1 [h_{t-1}; h_t] + b1) + b2),   softplus_3(x) = log(1 + exp(3x))/3,   gelu(x) = x/2 (1 + erf(x/sqrt 2))
//
// Base hidden states do not depend on the adapter, so a token's weight is the same in every inner step.
type Weighting struct {
	Dim    int       // width of the base model
	Hidden int       // width of the head
	W1     []float32 // (Hidden, 2 Dim): the first Dim columns take h_{t-1}, the others h_t
	B1     []float32 // (Hidden)
	W2     []float32 // (Hidden)
	B2     []float32 // (1)
}

// Beta is the sharpness of the head's softplus.
const Beta = 3
