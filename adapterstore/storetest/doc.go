// Package storetest holds what every perk.AdapterStore must do.
//
// Run is the conformance suite. New opens a store for a test of one's own and, when the test ends, closes it, opens it again and verifies
// every adapter, so that each test is also a test of what it left on disk. Adapter makes adapters for tests.
//
// Caveat: New needs an Open that gives the same content for the same directory, so it does not fit stores in memory.
package storetest
