package weaviatemodule

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// settings are what the environment of the server says.
type settings struct {
	plugin   string        // PERK_PLUGIN: absolute path of the program perk
	dir      string        // PERK_PLUGIN_DIR: where the program must lie; "": anywhere
	checksum []byte        // PERK_PLUGIN_SHA256: what the program must have; nil: anything
	home     string        // PERK_HOME: data directory of adapters and socket
	model    string        // PERK_MODEL: folder of base model, recipe and tokenizer; "": the program's own
	adapters int           // PERK_QUERY_ADAPTERS: most adapters that a query asks
	deadline time.Duration // PERK_QUERY_DEADLINE: longest time that a query waits for answers
	interval time.Duration // PERK_INTERVAL: time between two passes over a collection
	share    float64       // PERK_SHARE: of the time that may go into encoding
}

// readSettings reads the environment through get. Errors: EInvalid names the variable.
func readSettings(get func(string) string) (settings, error) {
	s := settings{
		plugin: get("PERK_PLUGIN"), dir: get("PERK_PLUGIN_DIR"), home: get("PERK_HOME"), model: get("PERK_MODEL"),
		adapters: 16, deadline: 10 * time.Second, interval: 10 * time.Minute, share: 0.5,
	}
	var err error
	refuse := func(name, hint string) {
		if err == nil {
			err = perk.Errorf(perk.EInvalid, "perk module", "%s is %q", name, get(name)).WithHint("%s", hint)
		}
	}
	for _, path := range []struct{ name, value string }{{"PERK_PLUGIN", s.plugin}, {"PERK_HOME", s.home}} {
		if !filepath.IsAbs(path.value) {
			refuse(path.name, "set it to an absolute path: PERK_PLUGIN names the program perk, PERK_HOME the directory of the adapters")
		}
	}
	if v := get("PERK_PLUGIN_SHA256"); v != "" {
		var bad error
		if s.checksum, bad = hex.DecodeString(v); bad != nil || len(s.checksum) != 32 {
			refuse("PERK_PLUGIN_SHA256", "set it to 64 hexadecimal digits, as sha256sum prints them")
		}
	}
	if v := get("PERK_QUERY_ADAPTERS"); v != "" {
		var bad error
		if s.adapters, bad = strconv.Atoi(v); bad != nil || s.adapters < 1 || s.adapters > plugin.MaxQuestions {
			refuse("PERK_QUERY_ADAPTERS", "set it to a number from 1 to "+strconv.Itoa(plugin.MaxQuestions))
		}
	}
	for name, d := range map[string]*time.Duration{"PERK_QUERY_DEADLINE": &s.deadline, "PERK_INTERVAL": &s.interval} {
		if v := get(name); v != "" {
			var bad error
			if *d, bad = time.ParseDuration(v); bad != nil || *d <= 0 {
				refuse(name, "set it to a time such as 500ms, 10s or 5m")
			}
		}
	}
	if v := get("PERK_SHARE"); v != "" {
		var bad error
		if s.share, bad = strconv.ParseFloat(v, 64); bad != nil || !(s.share > 0 && s.share <= 1) {
			refuse("PERK_SHARE", "set it to a number above 0 and at most 1")
		}
	}
	return s, err
}

// host says how the plugin process is started. It sees none of the server's keys.
func (s *settings) host() plugin.HostConfig {
	args := []string{"plugin", "--data", s.home, "--log-level", "info", "--encode-threads", strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/2))} // the others are the database's
	if s.model != "" {
		args = append(args, "--model", s.model)
	}
	var env []string
	for _, name := range []string{"HOME", "GOMAXPROCS", "GOMEMLIMIT", "PERK_ISA", "PERK_MODELS"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return plugin.HostConfig{Command: s.plugin, Args: args, Env: env, Dir: s.dir, Checksum: s.checksum}
}
