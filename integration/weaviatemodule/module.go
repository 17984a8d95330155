package weaviatemodule

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
	"github.com/weaviate/weaviate/adapters/handlers/rest/state"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/entities/modulecapabilities"
	"github.com/weaviate/weaviate/entities/moduletools"
	"github.com/weaviate/weaviate/entities/schema"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/metrics"
	"github.com/perkdb/perk/plugin"
)

// Name is the module's name in ENABLE_MODULES, in moduleConfig, in `_additional` and in the path of its HTTP handlers.
const Name = "perk"

// Module is perk inside a Weaviate server. Register makes it.
type Module struct {
	database database
	settings settings
	log      zerolog.Logger
	link     *link
	follower *follower
	metrics  *metrics.Metrics
	started  atomic.Bool // the database is there

	ctx    context.Context // of the work that Start begins
	cancel context.CancelFunc
	owned  sync.WaitGroup
}

var (
	_ modulecapabilities.ModuleWithClose        = (*Module)(nil)
	_ modulecapabilities.ModuleWithHTTPHandlers = (*Module)(nil)
	_ modulecapabilities.AdditionalProperties   = (*Module)(nil)
	_ modulecapabilities.ClassConfigurator      = (*Module)(nil)
	_ modulecapabilities.MetaProvider           = (*Module)(nil)
)

// Register puts the modules that ENABLE_MODULES names into the server. The generated server calls it where it registers Weaviate's own. Errors: EInvalid
// (settings, "generative-perk" without "perk").
func Register(server *state.State) error {
	names := strings.Split(server.ServerConfig.Config.EnableModules, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	if !slices.Contains(names, Name) {
		if slices.Contains(names, GenerativeName) {
			return perk.Errorf(perk.EInvalid, "ENABLE_MODULES", "%s needs the module %s", GenerativeName, Name).WithHint("name both")
		}
		return nil
	}
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	m := &Module{database: database{server}, settings: s, log: newLogger(server.Logger)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	server.Modules.Register(m)
	if slices.Contains(names, GenerativeName) {
		server.Modules.Register(generative{m})
	}
	return nil
}

// Start begins what needs a database: adapters that follow their objects. The generated server calls it once database, schema and authoriser are there.
func Start(server *state.State) {
	if m, ok := server.Modules.GetByName(Name).(*Module); ok {
		m.started.Store(true)
		m.owned.Go(m.follower.run)
	}
}

// Name implements modulecapabilities.Module.
func (*Module) Name() string { return Name }

// Type implements modulecapabilities.Module. A type that no other module has puts perk on every class, configured or not.
func (*Module) Type() modulecapabilities.ModuleType { return "Text2TextPERK" }

// Init launches the plugin process, or finds that of another server. Errors: EInvalid, ENotFound and EDenied for the program.
func (m *Module) Init(ctx context.Context, p moduletools.ModuleInitParams) error {
	if err := os.MkdirAll(m.settings.home, 0o700); err != nil {
		return perk.E(perk.EDenied, "PERK_HOME", err).WithHint("name a directory that the server may write")
	}
	guard := func(p plugin.Module) plugin.Module { return &guarded{p, m.present} }
	var err error
	if m.link, err = openLink(ctx, m.settings, guard, m.log); err != nil {
		return err
	}
	if m.follower, err = newFollower(m.ctx, m.database, remote{m.link}, m.settings, m.log); err != nil {
		return err
	}
	m.metrics = metrics.New(m.follower.fleet.Overviews)
	if err := p.GetMetricsRegisterer().Register(m.metrics); err != nil {
		return perk.E(perk.EInternal, Name, err)
	}
	return nil
}

// present reads a document for another program, which may ask before the database is there.
func (m *Module) present(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	if !m.started.Load() {
		return perk.Document{}, perk.Errorf(perk.EUnavailable, Name, "the database is starting")
	}
	return m.database.Document(ctx, id)
}

// Close ends the work and the plugin process; it returns when both are over.
func (m *Module) Close() error {
	m.cancel()
	m.owned.Wait()
	if m.link == nil {
		return nil
	}
	return m.link.close()
}

// changed is the change hook's end. An object of a class that is new, or not followed, is met by the class's first pass.
func (m *Module) changed(id perk.DocumentID) { m.follower.fleet.Notify(id) }

// MetaInfo is what /v1/meta says.
func (m *Module) MetaInfo() (map[string]any, error) {
	return map[string]any{"name": "perk: answers from adapters"}, nil
}

// ClassConfigDefaults implements modulecapabilities.ClassConfigurator.
func (*Module) ClassConfigDefaults() map[string]any { return map[string]any{} }

// PropertyConfigDefaults implements modulecapabilities.ClassConfigurator.
func (*Module) PropertyConfigDefaults(*schema.DataType) map[string]any { return map[string]any{} }

// ValidateClass refuses a moduleConfig that perk cannot read. Weaviate does not ask for classes without a vectorizer; there a wrong config fails the queries,
// and GET status names the class.
func (*Module) ValidateClass(_ context.Context, class *models.Class, _ moduletools.ClassConfig) error {
	_, err := readClass(class)
	return err
}
