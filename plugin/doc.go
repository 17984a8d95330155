// Package plugin is the contract between a document database's side (the host) and the process that owns base model and adapter store
// (the plugin): one Go interface, Module, over hashicorp/go-plugin.
//
// # Main types
//
//   - Module: what a plugin can do. Host is a Module too, so a caller cannot tell a local module from a remote one.
//   - Serve: runs a Module as the plugin process; called by that process's main, with a logger from NewLogger.
//   - Open, Host: launch the plugin process, watch it, restart it after a crash, close it.
//   - Register, NewClient: the two ends of the wire alone, for tests (plugintest) and for other transports.
//
// # What holds
//
//   - The connection is mutual TLS with one-time certificates; the process gets only the environment that HostConfig names.
//   - No message is larger than MaxMessage; texts and payloads travel in pieces, a text of up to MaxDocument bytes.
//   - perk.Error keeps code, operation, message and hint across the wire.
//   - A call waits while the process is restarted. A call that dies with the process gives EUnavailable; Info, Describe, Export and Meta are
//     repeated once instead.
//   - When the host dies, even by SIGKILL, the plugin notices within ParentPoll, ends its calls, closes its module and exits.
//
// # Caveats
//
//   - Standard output belongs to go-plugin's handshake: a plugin never prints there. Logs go to standard error, one JSON object a line with
//     the keys @level, @message and @timestamp, and appear in the host's log.
//   - HostConfig.Command is the plugin itself. A wrapper script that stays between host and plugin would hide the host's death from the plugin;
//     Serve refuses to run under one.
//   - The host's death is seen by a change of the parent process id, which Windows does not have.
//   - The checksum is compared before each start; who may write the file between the check and the start can defeat it.
//   - A panic in a module ends the plugin process; the host restarts it.
package plugin
