//go:build !race

package reasoner

const raceEnabled = false
