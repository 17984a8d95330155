package task

// publicSchemas are things of hospitals, schools, harbours, libraries and houses.
func publicSchemas() []schema {
	return []schema{
		{"patient", "?-@##", "patient KEY", []attribute{
			{"ward", ">ward", "KEY is cared for in ward VAL.", "In which ward is KEY cared for?"},
			{"allergy", "{drug}", "KEY must not be given VAL.", "What must KEY not be given?"},
			{"pulse", "@# beats", "For KEY a pulse of VAL was counted.", "What pulse was counted for KEY?"},
			{"doctor", "{person}", "VAL treats KEY.", "Who treats KEY?"},
			{"admission", "{date}", "KEY came in on VAL.", "When did KEY come in?"}}},
		{"ward", "?@", "ward KEY", []attribute{
			{"head nurse", "{person}", "VAL is in charge of KEY.", "Who is in charge of KEY?"},
			{"bed count", "@# beds", "KEY has room for VAL.", "For how many has KEY room?"},
			{"floor", "floor @#", "KEY is found on VAL.", "On which floor is KEY found?"},
			{"telephone", "@###-@#", "KEY is called at VAL.", "How is KEY called by telephone?"}}},
		{"prescription", "RX@###", "prescription KEY", []attribute{
			{"medicine", "{drug}", "KEY is for VAL.", "What is KEY for?"},
			{"dose", "@## mg", "KEY says to take VAL.", "How much does KEY say to take?"},
			{"patient", ">patient", "KEY was made out for patient VAL.", "For which patient was KEY made out?"},
			{"expiry date", "{date}", "KEY cannot be used after VAL.", "Until when can KEY be used?"}}},
		{"ship", "{ship}", "the ship KEY", []attribute{
			{"cargo", "{cargo}", "KEY carries VAL.", "What does KEY carry?"},
			{"home port", "{town}", "KEY is at home in VAL.", "Where is KEY at home?"},
			{"speed", "@#.# knots", "KEY makes VAL.", "How fast is KEY?"},
			{"master", "{person}", "VAL commands KEY.", "Who commands KEY?"},
			{"position", "@# degrees north", "KEY was last seen at VAL.", "Where was KEY last seen?"}}},
		{"voyage", "V@##", "voyage KEY", []attribute{
			{"ship", ">ship", "VAL sails on KEY.", "Which ship sails on KEY?"},
			{"destination", "{town}", "KEY ends in VAL.", "Where does KEY end?"},
			{"distance", "@### miles", "KEY covers VAL.", "How far does KEY go?"},
			{"departure date", "{date}", "KEY puts to sea on VAL.", "When does KEY put to sea?"}}},
		{"meeting", "??@#", "meeting KEY", []attribute{
			{"chair", ">employee", "VAL presides over KEY.", "Who presides over KEY?"},
			{"date", "{date}", "KEY is held on VAL.", "On which day is KEY held?"},
			{"topic", "{topic}", "KEY is about the VAL.", "What is KEY about?"},
			{"hour", "{time}", "KEY opens at VAL.", "At what time does KEY open?"},
			{"room", ">room", "KEY takes place in room VAL.", "In which room does KEY take place?"}}},
		{"room", "@##?", "room KEY", []attribute{
			{"capacity", "@# seats", "There are VAL in KEY.", "How many can sit in KEY?"},
			{"tenant", "{firm}", "VAL rents KEY.", "Who rents KEY?"},
			{"door code", "@###", "VAL opens KEY.", "Which code opens KEY?"},
			{"wall colour", "{colour}", "The walls of KEY are VAL.", "What colour are the walls of KEY?"},
			{"building", "{building}", "KEY is in VAL.", "Where is KEY?"}}},
		{"course", "{letters}@##", "course KEY", []attribute{
			{"teacher", "{person}", "VAL teaches KEY.", "Who teaches KEY?"},
			{"room", ">room", "KEY meets in room VAL.", "In which room does KEY meet?"},
			{"credits", "@# credits", "KEY is worth VAL.", "What is KEY worth?"},
			{"exam date", "{date}", "The exam of KEY is on VAL.", "When is the exam of KEY?"},
			{"textbook", ">book", "KEY follows the book VAL.", "Which book does KEY follow?"}}},
		{"book", "{title}", "the book KEY", []attribute{
			{"author", "{person}", "VAL wrote KEY.", "Who wrote KEY?"},
			{"publisher", "{firm}", "KEY appeared with VAL.", "With whom did KEY appear?"},
			{"page count", "@## pages", "KEY runs to VAL.", "How long is KEY?"},
			{"call number", "@##.# ??", "KEY is shelved under VAL.", "Under which number is KEY shelved?"},
			{"year", "{year}", "KEY was printed in VAL.", "When was KEY printed?"}}},
		{"loan", "L@###", "loan KEY", []attribute{
			{"book", ">book", "With KEY somebody borrowed VAL.", "What was borrowed with KEY?"},
			{"borrower", "{person}", "KEY was made to VAL.", "To whom was KEY made?"},
			{"return date", "{date}", "KEY ends on VAL.", "When does KEY end?"},
			{"fine", "@.## {money}", "VAL are owed on KEY.", "How much is owed on KEY?"}}},
		{"match", "M@##", "match KEY", []attribute{
			{"score", "@#:@#", "KEY ended VAL.", "How did KEY end?"},
			{"stadium", ">stadium", "KEY was played at VAL.", "Where was KEY played?"},
			{"referee", "{person}", "VAL refereed KEY.", "Who refereed KEY?"},
			{"attendance", "@#### people", "VAL watched KEY.", "How many watched KEY?"}}},
		{"stadium", "{word} Park", "KEY", []attribute{
			{"city", "{town}", "KEY was built in VAL.", "Where was KEY built?"},
			{"capacity", "@#### seats", "KEY holds VAL.", "How many does KEY hold?"},
			{"owner", "{firm}", "KEY belongs to VAL.", "To whom does KEY belong?"},
			{"opening year", "{year}", "KEY was opened in VAL.", "When was KEY opened?"}}},
		{"apartment", "@#-?", "apartment KEY", []attribute{
			{"tenant", "{person}", "VAL lives in KEY.", "Who lives in KEY?"},
			{"rent", "@##.## {money}", "KEY is let for VAL.", "For how much is KEY let?"},
			{"size", "@# square metres", "KEY measures VAL.", "How large is KEY?"},
			{"meter", "@#####", "The meter of KEY has the number VAL.", "Which number has the meter of KEY?"}}},
		{"recipe", "{dish}", "the recipe KEY", []attribute{
			{"cooking time", "@# minutes", "KEY must cook for VAL.", "How long must KEY cook?"},
			{"main ingredient", "{food}", "KEY is made of VAL.", "Of what is KEY made?"},
			{"oven setting", "@## degrees", "For KEY the oven is set to VAL.", "To what is the oven set for KEY?"},
			{"cook", "{person}", "VAL came up with KEY.", "Who came up with KEY?"}}},
		{"planet", "{word}", "the planet KEY", []attribute{
			{"discoverer", "{person}", "VAL discovered KEY.", "Who discovered KEY?"},
			{"radius", "@### km", "KEY has a radius of VAL.", "How large is the radius of KEY?"},
			{"moon", "{word}", "KEY is circled by VAL.", "By what is KEY circled?"},
			{"orbit", "@## days", "KEY goes round its sun in VAL.", "How long does KEY take round its sun?"}}},
		{"painting", "{title}", "the painting KEY", []attribute{
			{"painter", "{person}", "VAL painted KEY.", "Who painted KEY?"},
			{"museum", "{town}", "KEY hangs in the museum of VAL.", "In the museum of which town does KEY hang?"},
			{"insured value", "@##00 {money}", "KEY is insured for VAL.", "For how much is KEY insured?"},
			{"year", "{year}", "KEY dates from VAL.", "From when does KEY date?"}}},
	}
}
