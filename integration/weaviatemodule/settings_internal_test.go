package weaviatemodule

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/perkdb/perk"
)

func TestReadSettings(t *testing.T) {
	base := map[string]string{"PERK_PLUGIN": "/bin/perk", "PERK_HOME": "/data"}
	with := func(name, value string) map[string]string {
		m := map[string]string{}
		for k, v := range base {
			m[k] = v
		}
		m[name] = value
		return m
	}
	s, err := readSettings(func(name string) string { return base[name] })
	want := settings{plugin: "/bin/perk", home: "/data", adapters: 16, deadline: 10 * time.Second, interval: 10 * time.Minute, share: 0.5}
	if diff := cmp.Diff(want, s, cmp.AllowUnexported(settings{})); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for name, values := range map[string][]string{
		"PERK_PLUGIN": {"", "perk"}, "PERK_HOME": {"", "data"}, "PERK_PLUGIN_SHA256": {"abc", "00"}, "PERK_QUERY_ADAPTERS": {"0", "many", "1001"},
		"PERK_QUERY_DEADLINE": {"0s", "10"}, "PERK_INTERVAL": {"-1m", "x"}, "PERK_SHARE": {"0", "1.1", "NaN"},
	} {
		for _, v := range values {
			env := with(name, v)
			_, err := readSettings(func(n string) string { return env[n] })
			if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, v, err)
			}
		}
	}
}

func TestLogGoesToWeaviates(t *testing.T) {
	var out bytes.Buffer
	l := logrus.New()
	l.SetOutput(&out)
	l.SetFormatter(&logrus.JSONFormatter{})
	log := newLogger(l)
	log.Warn().Str("room", "plugin").Msg("lost")
	if got := out.String(); !strings.Contains(got, `"level":"warning"`) || !strings.Contains(got, `"msg":"lost"`) || !strings.Contains(got, `"room":"plugin"`) || !strings.Contains(got, `"module":"perk"`) {
		t.Error(got)
	}
}
