package reasoner_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain holds every test to leaving no lane behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
