package plugin_test

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk/plugin"
	"github.com/perkdb/perk/plugin/plugintest"
)

func TestModuleItself(t *testing.T) {
	plugintest.RunModuleTests(t, func(testing.TB) plugin.Module { return newMemoryModule("") }, plugintest.Options{})
}

func TestModuleOverWire(t *testing.T) {
	plugintest.RunModuleTests(t, func(t testing.TB) plugin.Module { return plugintest.Pair(t, newMemoryModule("")) }, plugintest.Options{})
}

func TestModuleInProcess(t *testing.T) {
	plugintest.RunModuleTests(t, func(t testing.TB) plugin.Module { return open(t, config("module", t.TempDir(), zerolog.Nop())) }, plugintest.Options{})
}
