// Command perk gives a document database a memory: it writes long documents into adapters and answers questions from them.
//
// Each command is a file of its own; `perk help` lists them. Commands talk to the running server of the same data directory, or run
// the plugin process for as long as they take.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	statusOK = iota
	statusFailed
	statusUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program: it runs the command that args name and gives the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return statusOK
	case a.started:
		fmt.Fprintln(errs, "perk:", err)
		return statusFailed
	}
	fmt.Fprintln(errs, "perk:", err)
	fmt.Fprintln(errs, "`perk help` and `perk help COMMAND` tell what can be written.")
	return statusUsage
}

// newRoot makes the command line.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "perk",
		Short:         "A memory for document databases",
		Long:          "perk writes each long document into a small adapter of a language model, and answers questions from the adapter: the document is not in the prompt.",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.prepare(cmd)
		},
	}
	a.flags(root)
	root.AddCommand(newServe(a), newIndex(a), newStatus(a), newPause(a), newResume(a), newRetry(a), newAsk(a), newRef(a), newBackup(a), newRestore(a), newAdapter(a), newEncode(a), newEval(a), newBench(a), newTrain(a), newCalibrate(a), newModel(a), newDemo(a), newPlugin(a), newVersion(a))
	return root
}
