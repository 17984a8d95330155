package weaviatemodule

import (
	"context"
	"fmt"
	"strings"

	"github.com/weaviate/weaviate/entities/modulecapabilities"
	"github.com/weaviate/weaviate/entities/moduletools"
	helpers "github.com/weaviate/weaviate/usecases/modulecomponents/generative"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
)

// GenerativeName is the name of the generative module in ENABLE_MODULES and moduleConfig.
const GenerativeName = "generative-perk"

// generative lets `generate` answer from adapters: over GraphQL and gRPC, one answer for each hit or one text for all. The prompt is the question, not
// instructions with the document in them: {property} in a prompt for single results is replaced as in Weaviate's own modules, but the properties that make
// up the document's text are left out. Naming one there has Weaviate load it, which over GraphQL it otherwise does only for selected properties.
type generative struct{ perk *Module }

var (
	_ modulecapabilities.AdditionalGenerativeProperties = generative{}
	_ modulecapabilities.GenerativeClient               = generative{}
)

// Name implements modulecapabilities.Module.
func (generative) Name() string { return GenerativeName }

// Type implements modulecapabilities.Module.
func (generative) Type() modulecapabilities.ModuleType { return modulecapabilities.Text2TextGenerative }

// Init implements modulecapabilities.Module; the module "perk" does the work.
func (generative) Init(context.Context, moduletools.ModuleInitParams) error { return nil }

// AdditionalGenerativeProperties implements modulecapabilities.AdditionalGenerativeProperties.
func (g generative) AdditionalGenerativeProperties() map[string]modulecapabilities.GenerativeProperty {
	return map[string]modulecapabilities.GenerativeProperty{Name: {Client: g}}
}

// GenerateSingleResult answers the prompt from the hit's adapter.
func (g generative) GenerateSingleResult(ctx context.Context, properties *modulecapabilities.GenerateProperties, prompt string, _ any, debug bool,
	cfg moduletools.ClassConfig,
) (*modulecapabilities.GenerateResponse, error) {
	names, err := generateProperties(cfg)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		prompt = strings.ReplaceAll(prompt, "{"+name+"}", "")
	}
	if prompt, err = helpers.MakeSinglePrompt(helpers.Text(properties), prompt); err != nil {
		return nil, err
	}
	replies, err := g.generate(ctx, []*modulecapabilities.GenerateProperties{properties}, prompt, cfg)
	if err != nil {
		return nil, err
	}
	r := replies[0]
	if r.State != Ready {
		return nil, fmt.Errorf("%s: %s", r.State, *r.Reason)
	}
	return response(spoken(r), prompt, debug), nil
}

// GenerateAllResults asks every hit's adapter the task as a question, and gives one line for each: its key and its own answer, or why it has none. The
// documents are not compared with each other: no model has read more than one of them. Where none has an answer it is an error.
func (g generative) GenerateAllResults(ctx context.Context, properties []*modulecapabilities.GenerateProperties, task string, _ any, debug bool,
	cfg moduletools.ClassConfig,
) (*modulecapabilities.GenerateResponse, error) {
	replies, err := g.generate(ctx, properties, task, cfg)
	if err != nil {
		return nil, err
	}
	var lines []string
	ready := false
	for _, r := range replies {
		line := fmt.Sprintf("%s: %s", r.Key, spoken(r))
		if r.State != Ready {
			line = fmt.Sprintf("%s: no answer, %s", r.Key, r.State)
		}
		lines, ready = append(lines, line), ready || r.State == Ready
	}
	if !ready {
		return nil, fmt.Errorf("no adapter has an answer; the first hit is %s: %s", replies[0].State, *replies[0].Reason)
	}
	return response(strings.Join(lines, "\n"), task, debug), nil
}

func response(text, prompt string, debug bool) *modulecapabilities.GenerateResponse {
	r := &modulecapabilities.GenerateResponse{Result: &text}
	if debug {
		r.Debug = &modulecapabilities.GenerateDebugInformation{Prompt: prompt}
	}
	return r
}

// spoken is the text of a reply that is ready.
func spoken(r *reply) string {
	if r.Answer == nil {
		return perk.NotInDocument
	}
	return *r.Answer
}

// generate asks the adapters of the given texts. Whose they are is looked up by their hash, among the documents that the caller may read.
func (g generative) generate(ctx context.Context, properties []*modulecapabilities.GenerateProperties, prompt string, cfg moduletools.ClassConfig) ([]*reply, error) {
	names, err := generateProperties(cfg)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(prompt) == "" || len(properties) == 0 || len(names) == 0 {
		return nil, perk.Errorf(perk.EInvalid, GenerativeName, "there is no question, or no text property to answer from")
	}
	hits := make([]*hit, len(properties))
	for i, p := range properties {
		h := &hit{text: joinTexts(p, names)}
		hits[i] = h
		if h.text == "" {
			h.reply = none(h.id, Failed, "the object came without its text; select "+strings.Join(names, ", ")+", or name it in the prompt as {"+names[0]+"}")
		}
	}
	if err := g.identify(ctx, hits[:min(len(hits), g.perk.settings.adapters)]); err != nil {
		return nil, err
	}
	g.perk.askAll(ctx, hits, question{text: prompt})
	replies := make([]*reply, len(hits))
	for i, h := range hits {
		replies[i] = h.reply
	}
	return replies, nil
}

// identify finds a document of each text that the caller may read.
func (g generative) identify(ctx context.Context, hits []*hit) error {
	ctx, cancel := context.WithTimeout(ctx, g.perk.settings.deadline)
	defer cancel()
	target, err := g.perk.link.module(ctx)
	if err != nil {
		return err
	}
	for _, h := range hits {
		if h.reply != nil {
			continue
		}
		ids, err := target.Find(ctx, perk.ContentHash(h.text))
		if err != nil {
			return err
		}
		h.reply = none(h.id, Pending, "there is no adapter of this text")
		for _, id := range ids {
			if g.perk.mayRead(ctx, id) {
				h.id, h.reply = id, nil
				break
			}
		}
	}
	return nil
}

// joinTexts gives the text of an object of which only its properties are known.
func joinTexts(p *modulecapabilities.GenerateProperties, names []string) string {
	all := map[string]any{}
	for name, text := range helpers.Text(p) {
		all[name] = text
	}
	return objtext.Join(all, names)
}

// generateProperties gives the properties that make up the text of a class, as classConfig does where the whole class is at hand.
func generateProperties(cfg moduletools.ClassConfig) ([]string, error) {
	var texts []string
	for name, kind := range cfg.PropertiesDataTypes() {
		if isText(kind.String()) && name != refProperty {
			texts = append(texts, name)
		}
	}
	var c classConfig
	err := c.read(cfg.ClassByModuleName(Name), texts)
	return c.Properties, err
}
