package confidence_test

import (
	"math"
	"testing"

	"github.com/perkdb/perk/internal/confidence"
)

func TestAgreement(t *testing.T) {
	for name, c := range map[string]struct {
		question string
		facts    []string
		want     float64
	}{
		"name":                  {"Where is Mary?", []string{"Mary Event 2: Mary went to the hall."}, 1},
		"another name":          {"Where is Mary?", []string{"John Event 2: John went to the hall."}, 0},
		"number":                {"What is the grade of the student with ID 1234567?", []string{"Student Id: 1234567, Grade: 8"}, 1},
		"another code":          {"What does parcel PX-12 weigh?", []string{"Parcel PX-99 weighs 3 kg."}, 0},
		"one of two":            {"Is 12 more than 13?", []string{"12."}, .5},
		"possessive":            {"What is Mary's grade?", []string{"Mary -- has 3."}, 1},
		"in the second fact":    {"Where is Mary?", []string{"x", "by Mary."}, 1},
		"longest word":          {"Where is the milk?", []string{"John got the milk there."}, 1},
		"longest word, named":   {"where was the football?", []string{"John got the football."}, 1},
		"not a part of a word":  {"Where is Ann?", []string{"Anna went."}, 0},
		"no facts":              {"Where is Mary?", nil, 0},
		"no words":              {"?", []string{"x"}, 0},
		"one word":              {"Mary?", []string{"Mary."}, 1},
		"letters of any script": {"Wo ist Ärgernis?", []string{"Das Ärgernis."}, 1},
	} {
		if got := confidence.Agreement(c.question, c.facts); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTokens(t *testing.T) {
	var k confidence.Tokens
	if mean, least := k.MeanMin(); mean != 0 || least != 0 {
		t.Errorf("no tokens: %v, %v", mean, least)
	}
	k.Add(1)
	k.Add(.25)
	if mean, least := k.MeanMin(); math.Abs(mean-math.Log(.5)) > 1e-15 || least != math.Log(.25) {
		t.Errorf("mean %v, least %v", mean, least)
	}
	k.Add(0)
	if _, least := k.MeanMin(); least != -20 {
		t.Errorf("least of an impossible token is %v", least)
	}
}
