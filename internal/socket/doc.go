// Package socket offers a plugin.Module to other programs of the same user, over a unix socket in the data directory.
//
// # Main types
//
//   - Serve runs the server's end: `perk serve` offers its plugin's module.
//   - Dial gives the clients' end, a Client, which is a plugin.Module: `perk index`, `perk ask` and the others use the running server.
//
// # Caveats
//
// Whoever may open the socket may do anything with the adapters; it is made with mode 0600 in a directory that only its owner
// enters. The caller of Listen must hold the adapter store, which is what makes a socket file that nobody answers a leftover. A unix
// socket's path has at most 100 bytes here, which bounds the data directory's name.
package socket
