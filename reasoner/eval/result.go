package eval

// result adds up what the documents gave, in their order.
func (r *run) result() *Result {
	out := &Result{
		Task: "docs", Documents: len(r.episodes), Seed: r.o.Seed, Filler: "none", Threads: r.o.Threads, ByForm: map[string]Form{},
		Model: r.model.ID, Recipe: r.model.RecipeID,
	}
	var encode, ask []float64
	var bytes, kv []int64
	tokens := 0
	for i, w := range r.written {
		encode, bytes = append(encode, w.info.Seconds), append(bytes, w.info.Bytes)
		tokens += w.info.Tokens
		for _, o := range r.asked[i] {
			ask, kv = append(ask, o.seconds), append(kv, o.kv)
			out.Memory.add(o.memory)
			out.NoAdapter.add(o.none)
			out.WrongAdapter.add(o.wrong)
			f := out.ByForm[o.form]
			f.N++
			f.add(o.memory)
			out.ByForm[o.form] = f
		}
	}
	out.N = len(ask)
	out.Tokens = tokens / len(r.written)
	if r.o.Task != nil {
		out.Task, out.Tokens = r.o.Task.Name(), r.o.Tokens
		if r.o.Filler != nil {
			out.Filler = r.o.Filler.Name()
		}
	}
	out.SecondsEncode, out.AdapterBytes = median(encode), median(bytes)
	if out.N > 0 {
		out.SecondsAsk, out.KVBytes = median(ask), median(kv)
		out.Memory.divide(out.N)
		out.NoAdapter.divide(out.N)
		out.WrongAdapter.divide(out.N)
	}
	for name, f := range out.ByForm {
		f.divide(f.N)
		out.ByForm[name] = f
	}
	return out
}

func (s *Score) add(o Score) { s.EM, s.F1 = s.EM+o.EM, s.F1+o.F1 }

func (s *Score) divide(n int) { s.EM, s.F1 = s.EM/float64(n), s.F1/float64(n) }
