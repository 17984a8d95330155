// Package e2e tests the module in the real server: built, started, asked, killed and stopped on the loopback device. It has tests only.
package e2e
