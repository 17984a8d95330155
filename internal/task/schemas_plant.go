package task

// plantSchemas are things of works, machine rooms and laboratories.
func plantSchemas() []schema {
	return []schema{
		{"shift", "?@#", "shift KEY", []attribute{
			{"leader", ">employee", "VAL leads KEY.", "Who leads KEY?"},
			{"start", "{time}", "KEY begins at VAL.", "When does KEY begin?"},
			{"crew size", "@# people", "VAL work on KEY.", "How many work on KEY?"},
			{"post", "{site}", "KEY is posted at the VAL.", "Where is KEY posted?"},
			{"date", "{date}", "KEY falls on VAL.", "On which day does KEY fall?"}}},
		{"employee", "{person}", "KEY", []attribute{
			{"extension", "@###", "One reaches KEY at extension VAL.", "At which extension does one reach KEY?"},
			{"department", "{department}", "KEY works in VAL.", "Where does KEY work?"},
			{"home town", "{town}", "KEY comes from VAL.", "Where does KEY come from?"},
			{"badge", "??-@##", "KEY wears badge VAL.", "Which badge does KEY wear?"},
			{"start date", "{date}", "KEY joined us on VAL.", "When did KEY join us?"}}},
		{"incident", "@###", "incident KEY", []attribute{
			{"cause", "{fault}", "A VAL led to KEY.", "What led to KEY?"},
			{"severity", "{level}", "KEY was rated VAL.", "How was KEY rated?"},
			{"reporter", "{person}", "VAL reported KEY.", "Who reported KEY?"},
			{"duration", "@# minutes", "It took VAL to close KEY.", "How long did it take to close KEY?"},
			{"machine", ">machine", "KEY happened at machine VAL.", "At which machine did KEY happen?"}}},
		{"machine", "??@#", "machine KEY", []attribute{
			{"operator", ">employee", "VAL runs KEY.", "Who runs KEY?"},
			{"output", "@## pieces an hour", "KEY turns out VAL.", "How much does KEY turn out?"},
			{"oil", "grade @##", "KEY is oiled with VAL.", "With what is KEY oiled?"},
			{"hall", "{site}", "KEY stands in the VAL.", "Where does KEY stand?"},
			{"serial number", "@####-??", "KEY bears the serial number VAL.", "Which serial number does KEY bear?"}}},
		{"sensor", "?@##", "sensor KEY", []attribute{
			{"reading", "@#.# degrees", "KEY shows VAL.", "What does KEY show?"},
			{"battery", "@# percent", "The battery of KEY stands at VAL.", "How full is the battery of KEY?"},
			{"site", "{site}", "KEY is mounted at the VAL.", "Where is KEY mounted?"},
			{"maker", "{firm}", "KEY was built by VAL.", "Who built KEY?"},
			{"gateway", ">server", "KEY reports to server VAL.", "To which server does KEY report?"}}},
		{"pump", "P-@##", "pump KEY", []attribute{
			{"pressure", "@.## bar", "KEY runs at VAL.", "At what pressure does KEY run?"},
			{"state", "{state}", "KEY is VAL.", "What state is KEY in?"},
			{"flow", "@## litres", "VAL pass through KEY a minute.", "How much passes through KEY a minute?"},
			{"last check", "{date}", "KEY was last looked at on VAL.", "When was KEY last looked at?"},
			{"tank", "T@#-?", "KEY feeds tank VAL.", "Which tank does KEY feed?"}}},
		{"server", "{host}-@#", "server KEY", []attribute{
			{"address", "10.@#.@#.@#", "KEY answers at VAL.", "At which address does KEY answer?"},
			{"memory", "@## GB", "VAL of memory are built into KEY.", "How much memory is built into KEY?"},
			{"owner", "{person}", "VAL looks after KEY.", "Who looks after KEY?"},
			{"rack", "R@#-##", "KEY sits in rack VAL.", "In which rack does KEY sit?"},
			{"version", "@.#.##", "Version VAL is installed on KEY.", "Which version is installed on KEY?"}}},
		{"deployment", "dep-@###", "deployment KEY", []attribute{
			{"server", ">server", "KEY went to server VAL.", "To which server did KEY go?"},
			{"commit", "{hex}", "KEY was built from commit VAL.", "From which commit was KEY built?"},
			{"started by", "{person}", "VAL started KEY.", "Who started KEY?"},
			{"duration", "@## seconds", "KEY took VAL.", "How long did KEY take?"},
			{"result", "{state}", "KEY ended up VAL.", "How did KEY end up?"}}},
		{"ticket", "T-@###", "ticket KEY", []attribute{
			{"assignee", "{person}", "VAL is working on KEY.", "Who is working on KEY?"},
			{"priority", "{level}", "KEY was filed as VAL.", "As what was KEY filed?"},
			{"component", "{product}", "KEY is about the VAL.", "What is KEY about?"},
			{"deadline", "{date}", "KEY has to be closed by VAL.", "By when does KEY have to be closed?"},
			{"estimate", "@# hours", "KEY should take VAL of work.", "How much work should KEY take?"}}},
		{"experiment", "E@##", "experiment KEY", []attribute{
			{"temperature", "@## kelvin", "KEY was held at VAL.", "At what temperature was KEY held?"},
			{"sample", ">sample", "KEY used sample VAL.", "Which sample did KEY use?"},
			{"yield", "@#.# percent", "KEY gave a yield of VAL.", "How much did KEY yield?"},
			{"scientist", "{person}", "VAL carried out KEY.", "Who carried out KEY?"},
			{"notebook page", "page @##", "KEY is written up on VAL.", "Where is KEY written up?"}}},
		{"sample", "{word}-@#", "sample KEY", []attribute{
			{"mass", "@.### grams", "KEY weighs VAL.", "What does KEY weigh?"},
			{"origin", "{town}", "KEY was collected in VAL.", "Where was KEY collected?"},
			{"freezer", "?@", "KEY is stored in freezer VAL.", "In which freezer is KEY stored?"},
			{"acidity", "pH @.##", "KEY has an acidity of VAL.", "How acid is KEY?"}}},
		{"batch", "B@##-##", "batch KEY", []attribute{
			{"recipe", "{brand}", "KEY was mixed to the recipe VAL.", "To which recipe was KEY mixed?"},
			{"quantity", "@## kg", "KEY gave VAL.", "How much did KEY give?"},
			{"inspector", "{person}", "VAL released KEY.", "Who released KEY?"},
			{"best before", "{date}", "KEY keeps until VAL.", "Until when does KEY keep?"},
			{"machine", ">machine", "KEY came from machine VAL.", "From which machine did KEY come?"}}},
		{"work order", "W@###", "work order KEY", []attribute{
			{"task", "{topic}", "KEY calls for the VAL.", "What does KEY call for?"},
			{"mechanic", "{person}", "KEY is given to VAL.", "To whom is KEY given?"},
			{"cost", "@##.## {money}", "KEY cost VAL.", "What did KEY cost?"},
			{"building", "{building}", "KEY is to be done in VAL.", "Where is KEY to be done?"}}},
		{"door key", "K@##", "door key KEY", []attribute{
			{"holder", "{person}", "VAL keeps KEY.", "Who keeps KEY?"},
			{"door", "?@.##", "KEY fits door VAL.", "Which door does KEY fit?"},
			{"hook", "hook @#", "KEY hangs on VAL.", "Where does KEY hang?"},
			{"return date", "{date}", "KEY is due back on VAL.", "When is KEY due back?"}}},
	}
}
