package meta

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/retrieve"
)

// readsOnly reports a reader without an adapter: the inner loop does not run.
func (c *Config) readsOnly() bool { return c.Reader != nil && !c.Reader.Adapter }

// validateReader checks what only a reader needs.
func (c *Config) validateReader() error {
	bad := func(format string, args ...any) error {
		return perk.Errorf(perk.EInvalid, "meta.Config", "training configuration: "+format, args...)
	}
	if err := c.Reader.Validate(); err != nil {
		return err
	}
	if c.Reader.Adapter {
		if c.Pretrain != 0 {
			return bad("pretrain is %d; a reader with an adapter starts from a trained one", c.Pretrain)
		}
		if c.Reader.Context != retrieve.Retrieved {
			return bad("a reader with an adapter has passages in its prompt, not the document")
		}
		return c.validateWrite()
	}
	if n := c.promptTokens() + c.AskTokens; n > c.Model.Context {
		return bad("prompts of up to %d tokens do not fit a context of %d", n, c.Model.Context)
	}
	if n := c.quotedTokens(); c.Pretrain < 0 || c.Pretrain > 0 && n < shortestQuoted {
		return bad("pretrain is %d steps of quotations from prompts of %d tokens; they have %d at least", c.Pretrain, n, shortestQuoted)
	}
	return nil
}

// promptTokens bounds the tokens of a reader's prompt, the question left out.
func (c *Config) promptTokens() int {
	longest := 0
	for _, l := range c.Lengths {
		longest = max(longest, l.Max)
	}
	return c.Reader.MostTokens(longest)
}

// quotedTokens gives the longest prompt of a reader's pretraining.
func (c *Config) quotedTokens() int { return min(longestQuoted, c.promptTokens()) }
