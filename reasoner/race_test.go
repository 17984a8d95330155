//go:build race

package reasoner

const raceEnabled = true
