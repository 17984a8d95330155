// Package pluginpb is the wire form of plugin.Module: plugin.proto and what protoc makes of it.
//
// Nothing outside plugin/ may import it; plugin/convert.go and plugin/errors.go are the only translation between these messages and the
// types of package perk. After a change of plugin.proto run `go generate ./plugin/internal/pluginpb`; a test fails when that was forgotten.
package pluginpb

//go:generate ./generate.sh
