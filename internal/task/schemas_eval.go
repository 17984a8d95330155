package task

// evalSchemas are the types that training never sees.
func evalSchemas() []schema {
	return []schema{
		{"flight", "??@##", "flight KEY", []attribute{
			{"gate", "?@#", "KEY boards at VAL.", "Where does KEY board?"},
			{"departure", "{time}", "KEY takes off at VAL.", "When does KEY take off?"},
			{"destination", ">airport", "KEY flies to VAL.", "Where does KEY fly?"},
			{"pilot", "{person}", "VAL flies KEY.", "Who flies KEY?"},
			{"seat count", "@## seats", "KEY has VAL for sale.", "How many seats of KEY are for sale?"}}},
		{"airport", "{letters}", "airport KEY", []attribute{
			{"city", "{town}", "KEY serves the people of VAL.", "Which city does KEY serve?"},
			{"runway length", "@### metres", "The runway of KEY measures VAL.", "How long is the runway of KEY?"},
			{"director", "{person}", "VAL directs KEY.", "Who directs KEY?"},
			{"elevation", "@## feet", "KEY lies VAL above the sea.", "How high does KEY lie?"}}},
		{"animal", "{word}", "the animal KEY", []attribute{
			{"species", "{animal}", "KEY is a VAL.", "What kind of animal is KEY?"},
			{"keeper", ">keeper", "VAL feeds KEY.", "Who feeds KEY?"},
			{"weight", "@#.# kg", "KEY weighs VAL.", "What does KEY weigh?"},
			{"enclosure", "?@#", "KEY lives in enclosure VAL.", "In which enclosure does KEY live?"},
			{"birth date", "{date}", "KEY was born on VAL.", "When was KEY born?"}}},
		{"keeper", "{person}", "keeper KEY", []attribute{
			{"radio channel", "channel @#", "KEY listens on VAL.", "On which channel does KEY listen?"},
			{"locker", "?-@##", "KEY uses locker VAL.", "Which locker does KEY use?"},
			{"first language", "{language}", "KEY grew up with VAL.", "With which language did KEY grow up?"},
			{"quarters", "{street}", "KEY lodges at VAL.", "Where does KEY lodge?"}}},
		{"contract", "@##-??", "contract KEY", []attribute{
			{"partner", ">partner", "KEY was signed with VAL.", "With whom was KEY signed?"},
			{"volume", "@##00 {money}", "KEY is worth VAL.", "What is KEY worth?"},
			{"end date", "{date}", "KEY runs out on VAL.", "When does KEY run out?"},
			{"officer", "{person}", "VAL is responsible for KEY.", "Who is responsible for KEY?"},
			{"clause", "clause @#.#", "In KEY the notice is dealt with in VAL.", "Where does KEY deal with the notice?"}}},
		{"partner", "{firm}", "KEY", []attribute{
			{"seat", "{town}", "KEY is registered in VAL.", "Where is KEY registered?"},
			{"director", "{person}", "VAL signs for KEY.", "Who signs for KEY?"},
			{"tax number", "@## ### ##", "KEY files taxes under VAL.", "Under which number does KEY file taxes?"},
			{"staff", "@### people", "KEY employs VAL.", "How many does KEY employ?"}}},
		{"telescope", "{ship}", "telescope KEY", []attribute{
			{"mirror", "@.## metres", "KEY has a mirror of VAL.", "How large is the mirror of KEY?"},
			{"target", "{word}", "Tonight KEY looks at VAL.", "At what does KEY look tonight?"},
			{"astronomer", "{person}", "VAL observes with KEY.", "Who observes with KEY?"},
			{"dome", "dome ?@", "KEY stands under VAL.", "Under which dome does KEY stand?"}}},
		{"tree", "N@##", "tree KEY", []attribute{
			{"species", "{plant}", "KEY is a VAL.", "Of what kind is KEY?"},
			{"height", "@#.# metres", "KEY is VAL tall.", "How tall is KEY?"},
			{"planter", "{person}", "KEY was planted by VAL.", "Who planted KEY?"},
			{"street", "{street}", "KEY grows at VAL.", "Where does KEY grow?"},
			{"last pruning", "{date}", "KEY was pruned on VAL.", "When was KEY pruned?"}}},
		{"permit", "PM-@##/@", "permit KEY", []attribute{
			{"applicant", "{person}", "VAL applied for KEY.", "Who applied for KEY?"},
			{"purpose", "{topic}", "KEY allows the VAL.", "What does KEY allow?"},
			{"fee", "@##.## {money}", "VAL were charged for KEY.", "What was charged for KEY?"},
			{"site", "{street}", "KEY holds for VAL.", "For which site does KEY hold?"}}},
		{"train", "{letters} @##", "train KEY", []attribute{
			{"platform", "@#?", "KEY stops at platform VAL.", "At which platform does KEY stop?"},
			{"terminus", "{town}", "KEY runs as far as VAL.", "How far does KEY run?"},
			{"delay", "@# minutes", "KEY is VAL late.", "How late is KEY?"},
			{"conductor", ">conductor", "VAL checks the tickets on KEY.", "Who checks the tickets on KEY?"},
			{"arrival", "{time}", "KEY comes in at VAL.", "When does KEY come in?"}}},
		{"conductor", "{person}", "conductor KEY", []attribute{
			{"depot", "{town}", "KEY reports for duty in VAL.", "Where does KEY report for duty?"},
			{"whistle", "no. @##", "KEY carries whistle VAL.", "Which whistle does KEY carry?"},
			{"years of service", "@# years", "KEY has served for VAL.", "For how long has KEY served?"},
			{"watch", "{brand}", "KEY wears a watch by VAL.", "By whom is the watch of KEY?"}}},
	}
}
