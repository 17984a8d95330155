package recipe

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// Keys of the file's metadata, each with a value of JSON.
const (
	metadataKey    = "perk.recipe"      // what is not a tensor
	calibrationKey = "perk.calibration" // may be missing
)

// Marshal gives the recipe's safetensors bytes: equal recipes give equal bytes. Errors: EInvalid as Validate.
func (r *Recipe) Marshal() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	head, err := json.Marshal(r)
	if err != nil {
		return nil, perk.E(perk.EInternal, "recipe.Marshal", err)
	}
	var tensors []safetensors.Tensor
	for _, t := range r.Targets {
		p := r.Init.Pairs[t.Module]
		if !p.Full {
			tensors = append(tensors, safetensors.Tensor{Name: "init." + t.Module + ".A", Shape: []int{p.Rank, p.In}, Data: p.A})
		}
		tensors = append(tensors, safetensors.Tensor{Name: "init." + t.Module + ".B", Shape: []int{p.Out, p.Rank}, Data: p.B})
	}
	rates := safetensors.Tensor{Name: "rates", Shape: []int{r.Steps, len(r.Init.Trained())}}
	for _, row := range r.Rates {
		rates.Data = append(rates.Data, row...)
	}
	tensors = append(tensors, rates)
	if w := r.Weighting; w != nil {
		tensors = append(tensors,
			safetensors.Tensor{Name: "weight.w1", Shape: []int{w.Hidden, 2 * w.Dim}, Data: w.W1},
			safetensors.Tensor{Name: "weight.b1", Shape: []int{w.Hidden}, Data: w.B1},
			safetensors.Tensor{Name: "weight.w2", Shape: []int{w.Hidden}, Data: w.W2},
			safetensors.Tensor{Name: "weight.b2", Shape: []int{1}, Data: w.B2})
	}
	metadata := map[string]string{metadataKey: string(head)}
	if r.Calibration != nil {
		b, err := json.Marshal(r.Calibration)
		if err != nil {
			return nil, perk.E(perk.EInternal, "recipe.Marshal", err)
		}
		metadata[calibrationKey] = string(b)
	}
	return safetensors.Marshal(metadata, tensors)
}

// Parse reads what Marshal wrote. Errors: ECorrupt for bytes that are no whole recipe, EInvalid for a recipe that Validate
// refuses; the error names the field or tensor.
func Parse(b []byte) (*Recipe, error) {
	const op = "recipe.Parse"
	f, err := safetensors.Read(b)
	if err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	head, ok := f.Metadata[metadataKey]
	if !ok {
		return nil, perk.Errorf(perk.EInvalid, op, "the file's metadata has no %q", metadataKey).WithHint("this is not a perk recipe")
	}
	r := &Recipe{}
	if err := decode(metadataKey, head, r); err != nil {
		return nil, err
	}
	if text, ok := f.Metadata[calibrationKey]; ok {
		r.Calibration = &confidence.Calibration{}
		if err := decode(calibrationKey, text, r.Calibration); err != nil {
			return nil, err
		}
	}
	rd := reader{file: f}
	r.readTensors(&rd)
	if rd.err == nil && rd.used != len(f.Tensors) {
		rd.err = perk.Errorf(perk.ECorrupt, op, "the file has %d tensors, the recipe uses %d", len(f.Tensors), rd.used)
	}
	if rd.err != nil {
		return nil, rd.err
	}
	return r, r.Validate()
}

// decode reads one JSON object of the metadata, all of whose fields v must know.
func decode(key, text string, v any) error {
	const op = "recipe.Parse"
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return perk.Errorf(perk.ECorrupt, op, "decode %s: %w", key, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return perk.Errorf(perk.ECorrupt, op, "%s goes on after its JSON object", key)
	}
	return nil
}

// readTensors fills Init, Rates and Weighting.
func (r *Recipe) readTensors(rd *reader) {
	r.Init = &lora.Adapter{Scale: r.Scale, Pairs: make(map[string]*lora.Pair, len(r.Targets))}
	for _, t := range r.Targets {
		if r.Init.Pairs[t.Module] != nil {
			continue // named twice: Validate says so
		}
		p := &lora.Pair{Rank: t.Rank, In: t.Rank, Full: t.Full, NormA: t.NormA, TrainA: t.TrainA, TrainB: t.TrainB}
		if !t.Full {
			a := rd.tensor("init."+t.Module+".A", t.Rank, anySize)
			if rd.err != nil {
				return
			}
			p.A, p.In = a.Data, a.Shape[1]
		}
		b := rd.tensor("init."+t.Module+".B", anySize, t.Rank)
		if rd.err != nil {
			return
		}
		p.B, p.Out = b.Data, b.Shape[0]
		r.Init.Pairs[t.Module] = p
	}
	rates := rd.tensor("rates", r.Steps, len(r.Init.Trained()))
	if rd.err != nil {
		return
	}
	// Every step has at least one rate, because every target trains a tensor or is refused by Validate.
	for n := 0; n < r.Steps && len(rates.Data) > 0; n++ {
		w := rates.Shape[1]
		r.Rates = append(r.Rates, rates.Data[n*w:(n+1)*w:(n+1)*w])
	}
	if _, ok := rd.file.Tensor("weight.w1"); !ok {
		return
	}
	w1 := rd.tensor("weight.w1", anySize, anySize)
	if rd.err != nil {
		return
	}
	hidden, dim := w1.Shape[0], w1.Shape[1]/2
	r.Weighting = &Weighting{Dim: dim, Hidden: hidden, W1: w1.Data,
		B1: rd.tensor("weight.b1", hidden).Data, W2: rd.tensor("weight.w2", hidden).Data, B2: rd.tensor("weight.b2", 1).Data}
}

// reader takes tensors out of a file by name and counts them; after the first error it gives empty ones.
type reader struct {
	file *safetensors.File
	used int
	err  error
}

// anySize stands for a dimension that tensor does not check.
const anySize = -1

// tensor finds a tensor of the given shape.
func (rd *reader) tensor(name string, shape ...int) safetensors.Tensor {
	if rd.err != nil {
		return safetensors.Tensor{}
	}
	t, ok := rd.file.Tensor(name)
	fits := ok && len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = shape[i] == t.Shape[i] || shape[i] == anySize
	}
	switch {
	case !ok:
		rd.err = perk.Errorf(perk.ECorrupt, "recipe.Parse", "tensor %q is missing", name)
	case !fits:
		rd.err = perk.Errorf(perk.ECorrupt, "recipe.Parse", "tensor %q has shape %v, want %v (-1: any)", name, t.Shape, shape)
	}
	rd.used++
	return t
}
