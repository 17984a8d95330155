package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/reasoner/eval"
	"github.com/perkdb/perk/reasoner/study"
)

func newEval(a *app) *cobra.Command {
	var o eval.Options
	var name, docs string
	var baselines []string
	var bits int
	var asJSON bool
	var s suite
	c := &cobra.Command{
		Use:   "eval (--task TASK | --docs FILE.jsonl | --suite paper)",
		Short: "Measure answers from adapters on documents that the model never saw",
		Long: `Write fresh documents into adapters and ask about them: with the document's own adapter, without any, and with another document's. Tasks:
` + strings.Join(task.Names(), ", ") + `;
over data sets in $PERK_DATA: squad, hotpotqa, longgorilla.
The text among which the facts of a task are hidden comes from the novels in $PERK_DATA where they are, else from a generator; the result says which.
--docs measures your own documents: one JSON object a line, {"id", "text", "questions": [{"question", "answer"}]}.
--suite paper makes every figure of docs/results; cells that --out holds already are not measured again.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if s.name != "" {
				return s.run(ctx, cmd, a, baselines, o.Threads)
			}
			if err := fill(&o, name, docs); err != nil {
				return err
			}
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			if m, err = study.WithBits(m, bits); err != nil {
				return err
			}
			if o.Readers, err = readers(ctx, baselines); err != nil {
				return err
			}
			bar := newProgress(cmd.ErrOrStderr(), "measuring")
			o.Progress = func(done, total int, what string) { bar.set(int64(done), int64(total), what) }
			r, err := eval.Run(ctx, m, o)
			bar.end("")
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			printResult(cmd.OutOrStdout(), r)
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&name, "task", "", "task that makes documents and questions")
	f.StringVar(&docs, "docs", "", "file of own documents and questions; - is standard input")
	f.IntVar(&o.Tokens, "tokens", 1024, "length of a document of a task")
	f.IntVar(&o.N, "n", 200, "questions; 0 with --docs: all")
	f.IntVar(&o.PerDocument, "per-document", 5, "most questions about one document of a task")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of documents and questions")
	f.IntVar(&o.Threads, "threads", runtime.GOMAXPROCS(0), "documents at the same time, each on one thread")
	f.StringSliceVar(&baselines, "reader", nil, "folder of a baseline that is asked the same questions (docs/training/readers); may be given once for each kind")
	f.IntVar(&bits, "bits", 0, "store adapters with so many bits an element, 1 to 8 or 32, in place of the recipe's")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	s.flags(f)
	c.MarkFlagsMutuallyExclusive("task", "docs", "suite")
	c.MarkFlagsOneRequired("task", "docs", "suite")
	return c
}

// fill finds the task with its filler, or reads the documents.
func fill(o *eval.Options, name, docs string) (err error) {
	if docs == "" {
		if o.Task, err = task.Open(dataDir()).ByName(name); err != nil {
			return err
		}
		o.Filler, err = filler()
		return err
	}
	in := io.Reader(os.Stdin)
	if docs != "-" {
		f, err := os.Open(docs)
		if err != nil {
			return perk.E(perk.ENotFound, "eval", err).WithHint("name a file of documents and questions by --docs")
		}
		defer f.Close()
		in = f
	}
	o.Episodes, err = task.ReadJSONL(in)
	return err
}

func printResult(w io.Writer, r *eval.Result) {
	fmt.Fprintf(w, "%s: %d questions about %d documents of %d tokens, filler: %s, seed %d\n", r.Task, r.N, r.Documents, r.Tokens, r.Filler, r.Seed)
	for _, line := range []struct {
		name string
		eval.Score
	}{{"own adapter", r.Memory}, {"no adapter", r.NoAdapter}, {"another's adapter", r.WrongAdapter}} {
		fmt.Fprintf(w, "%-18s exact match %.3f  F1 %.3f\n", line.name, line.EM, line.F1)
	}
	for _, line := range []struct {
		name string
		*eval.Way
	}{{"whole prompt", r.Prompt}, {"retrieved", r.Retrieved}, {"adapter+retrieved", r.Combined}} {
		if line.Way != nil {
			fmt.Fprintf(w, "%-18s exact match %.3f  F1 %.3f  facts in the prompt %.3f  %d tokens, %.3f s to read and %.4f s to ask, keys and values of %d bytes\n",
				line.name, line.EM, line.F1, line.Found, line.ContextTokens, line.SecondsRead, line.SecondsAsk, line.KVBytes)
		}
	}
	fmt.Fprintf(w, "%-18s exact match %.3f\n", "chance", r.Chance)
	fmt.Fprintf(w, "medians: %.2f s to encode a document, %.4f s to ask; adapter of %d bytes\n", r.SecondsEncode, r.SecondsAsk, r.AdapterBytes)
}
