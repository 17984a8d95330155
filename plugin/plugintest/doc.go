// Package plugintest helps to test plugin.Module implementations.
//
//   - Pair puts the real wire (gRPC over a connection in memory, without TLS and without a second process) before a module.
//   - RunModuleTests checks what every Module promises; run it on the module itself, behind Pair, and behind plugin.Open.
package plugintest
