package task

// schema is one entity type of the fact family. Patterns are read by draw: '#' is a digit, '@' a digit but 0, '?' a capital letter,
// {name} a word of the list of that name.
type schema struct {
	name  string
	key   string // pattern of an entity's name, as it stands inside a sentence
	eval  bool   // held out of training
	attrs []attribute
}

// attribute is what may be stated of an entity. say and ask are its own wordings, beside the general ones; in them KEY and VAL stand
// for the entity and the value.
type attribute struct{ noun, value, say, ask string }

func schemas() []schema {
	return []schema{
		{name: "stock", key: "item {ware} ??-###", attrs: []attribute{
			{"stock level", "@## pieces", "We still hold VAL of KEY.", "How much of KEY is still held?"},
			{"shelf", "?-@#", "KEY lies on shelf VAL.", "On which shelf does KEY lie?"},
			{"unit price", "@#.#0 euros", "One piece of KEY costs VAL.", "What does one piece of KEY cost?"},
			{"supplier", "{firm}", "We buy KEY from VAL.", "From whom do we buy KEY?"}}},
		{name: "shift", key: "shift ?@#", attrs: []attribute{
			{"leader", "{person}", "VAL leads KEY.", "Who leads KEY?"},
			{"start", "{hour}:{minute}", "KEY begins at VAL.", "When does KEY begin?"},
			{"crew size", "@# people", "VAL work on KEY.", "How many work on KEY?"},
			{"post", "{site}", "KEY is posted at the VAL.", "Where is KEY posted?"}}},
		{name: "incident", key: "incident @###", attrs: []attribute{
			{"cause", "{fault}", "A VAL led to KEY.", "What led to KEY?"},
			{"severity", "{level}", "KEY was rated VAL.", "How was KEY rated?"},
			{"reporter", "{person}", "VAL reported KEY.", "Who reported KEY?"},
			{"duration", "@# minutes", "It took VAL to close KEY.", "How long did it take to close KEY?"}}},
		{name: "order", key: "order @####", attrs: []attribute{
			{"customer", "{firm}", "VAL placed KEY.", "Who placed KEY?"},
			{"total", "@## euros", "KEY comes to VAL.", "What does KEY come to?"},
			{"delivery day", "{weekday}", "KEY will be delivered on VAL.", "On which day will KEY be delivered?"},
			{"carrier", "{carrier}", "VAL will bring KEY.", "Who will bring KEY?"}}},
		{name: "patient", key: "patient ?-@##", attrs: []attribute{
			{"ward", "{colour} ward", "KEY is cared for in the VAL.", "Where is KEY cared for?"},
			{"allergy", "{allergen}", "KEY must not be given VAL.", "What must KEY not be given?"},
			{"pulse", "@# beats", "For KEY a pulse of VAL was counted.", "What pulse was counted for KEY?"},
			{"doctor", "{person}", "VAL looks after KEY.", "Who looks after KEY?"}}},
		{name: "ship", key: "the ship {ship}", attrs: []attribute{
			{"cargo", "{cargo}", "KEY carries VAL.", "What does KEY carry?"},
			{"home port", "{town}", "KEY is at home in VAL.", "Where is KEY at home?"},
			{"speed", "@# knots", "KEY makes VAL.", "How fast is KEY?"},
			{"master", "{person}", "VAL commands KEY.", "Who commands KEY?"}}},
		{name: "meeting", key: "meeting ??@#", attrs: []attribute{
			{"chair", "{person}", "VAL presides over KEY.", "Who presides over KEY?"},
			{"day", "{weekday}", "KEY is held on VAL.", "When is KEY held?"},
			{"topic", "{topic}", "KEY is about the VAL.", "What is KEY about?"},
			{"hour", "{hour}:{minute}", "KEY opens at VAL.", "At what time does KEY open?"}}},
		{name: "sensor", key: "sensor ?@##", attrs: []attribute{
			{"reading", "@#.# degrees", "KEY shows VAL.", "What does KEY show?"},
			{"battery", "@# percent", "The battery of KEY stands at VAL.", "How full is the battery of KEY?"},
			{"site", "{site}", "KEY is mounted at the VAL.", "Where is KEY mounted?"},
			{"maker", "{firm}", "KEY was built by VAL.", "Who built KEY?"}}},
		{name: "vehicle", key: "vehicle ??-@###", attrs: []attribute{
			{"driver", "{person}", "VAL drives KEY.", "Who drives KEY?"},
			{"mileage", "@#### km", "KEY has run VAL.", "How far has KEY run?"},
			{"colour", "{colour}", "KEY is painted VAL.", "In what colour is KEY painted?"},
			{"garage", "{town}", "KEY is kept in VAL.", "Where is KEY kept?"}}},
		{name: "invoice", key: "invoice @####", attrs: []attribute{
			{"amount", "@### euros", "KEY asks for VAL.", "How much does KEY ask for?"},
			{"payer", "{firm}", "VAL must pay KEY.", "Who must pay KEY?"},
			{"due date", "@ {month}", "KEY must be paid by VAL.", "By when must KEY be paid?"},
			{"status", "{status}", "KEY is VAL at present.", "How do things stand with KEY?"}}},
		{name: "room", key: "room @##", attrs: []attribute{
			{"capacity", "@# seats", "There are VAL in KEY.", "How many can sit in KEY?"},
			{"tenant", "{firm}", "VAL rents KEY.", "Who rents KEY?"},
			{"door code", "@###", "VAL opens KEY.", "Which code opens KEY?"},
			{"wall colour", "{colour}", "The walls of KEY are VAL.", "What colour are the walls of KEY?"}}},
		{name: "parcel", key: "parcel ??@###", attrs: []attribute{
			{"weight", "@.# kg", "KEY weighs VAL.", "What does KEY weigh?"},
			{"destination", "{town}", "KEY is going to VAL.", "Where is KEY going?"},
			{"contents", "{ware}", "KEY holds a VAL.", "What does KEY hold?"},
			{"carrier", "{carrier}", "VAL has taken KEY.", "Who has taken KEY?"}}},
		{name: "flight", key: "flight ??@##", eval: true, attrs: []attribute{
			{"gate", "?@#", "KEY boards at VAL.", "Where does KEY board?"},
			{"departure", "{hour}:{minute}", "KEY takes off at VAL.", "When does KEY take off?"},
			{"destination", "{town}", "KEY flies to VAL.", "Where does KEY fly?"},
			{"pilot", "{person}", "VAL flies KEY.", "Who flies KEY?"}}},
		{name: "animal", key: "animal ?-@##", eval: true, attrs: []attribute{
			{"species", "{animal}", "KEY is a VAL.", "What kind of animal is KEY?"},
			{"keeper", "{person}", "VAL feeds KEY.", "Who feeds KEY?"},
			{"age", "@ years", "KEY is VAL old.", "How old is KEY?"},
			{"cage", "?@", "KEY lives in cage VAL.", "In which cage does KEY live?"}}},
		{name: "contract", key: "contract @##-?", eval: true, attrs: []attribute{
			{"partner", "{firm}", "KEY was signed with VAL.", "With whom was KEY signed?"},
			{"value", "@##00 euros", "KEY is worth VAL.", "What is KEY worth?"},
			{"end", "{month} 20@#", "KEY runs out in VAL.", "When does KEY run out?"},
			{"officer", "{person}", "VAL is responsible for KEY.", "Who is responsible for KEY?"}}},
		{name: "machine", key: "machine ??@#", eval: true, attrs: []attribute{
			{"hall", "{site}", "KEY stands in the VAL.", "Where does KEY stand?"},
			{"pressure", "@#.# bar", "KEY runs at VAL.", "At which pressure does KEY run?"},
			{"fault", "{fault}", "KEY stopped because of a VAL.", "Why did KEY stop?"},
			{"operator", "{person}", "VAL runs KEY.", "Who runs KEY?"}}},
	}
}

// general wordings fit every attribute; NOUN stands for the attribute.
func generalStatements() []string {
	return []string{
		"The NOUN of KEY is VAL.", "For KEY, the NOUN was given as VAL.", "KEY has VAL as its NOUN.",
		"As to the NOUN of KEY, it is VAL.", "In the column NOUN of KEY stands VAL.",
	}
}

func generalQuestions() []string {
	return []string{
		"What is the NOUN of KEY?", "Which NOUN does KEY have?", "What was given as the NOUN of KEY?",
		"Tell me the NOUN of KEY.", "What stands in the column NOUN of KEY?",
	}
}

// words gives the lists of the patterns' {name}s; {person} is a student name of the split.
func words() map[string]string {
	return map[string]string{
		"ware":     "drill|valve|cable|filter|bracket|gasket|switch|hinge|bearing|pump|lamp|spring|bolt set|tripod|fuse|nozzle|clamp|gauge|sprocket|pulley",
		"firm":     "Norwell|Brightline|Castor Works|Halden|Orrin and Sons|Pinebrook|Quayside|Redmoor|Silverton|Tallis|Umber Group|Vantis|Wexcombe|Yarrow|Zephyr Lines|Ambrel|Corvane|Delmar|Estwick|Fennimore",
		"site":     "north gate|south gate|boiler house|loading dock|water tower|test hall|cold store|upper deck|east wing|west wing|pump station|paint shop|main yard|archive|tool crib",
		"fault":    "loose cable|burst pipe|power cut|worn belt|wrong setting|blocked drain|software update|short circuit|missing seal|cracked housing|dirty lens|human error",
		"level":    "minor|moderate|serious|critical|harmless|urgent",
		"weekday":  "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
		"carrier":  "Swiftpost|Larkway|Blue Courier|Ironhorse|Parcelane|Overnight Ltd|Greenwheel|Harbour Express",
		"colour":   "red|blue|green|yellow|orange|purple|white|black|grey|brown|silver|crimson|violet|beige",
		"allergen": "penicillin|peanuts|aspirin|latex|iodine|shellfish|eggs|codeine|pollen extract|ibuprofen",
		"ship":     "Marigold|Sea Otter|Northern Star|Petrel|Resolve|Albatross|Windrose|Kestrel|Good Hope|Amity|Tern|Dauntless|Halcyon|Juniper|Osprey|Pelican|Saffron|Valiant",
		"cargo":    "timber|grain|copper ore|coffee|machine parts|salt|cotton|wool|coal|cement|bananas|rubber|sugar|steel pipes|tea|fertiliser",
		"town":     "Ashby|Brackwater|Coldham|Dunmere|Eastfold|Farleigh|Glenrock|Holmbury|Inverlea|Kirkdale|Lindow|Marston|Netherby|Oakhaven|Penmoor|Ravensea|Stowbridge|Thornwick|Upwell|Wrenford",
		"topic":    "budget|new roof|annual report|safety rules|summer party|web site|price list|merger|parking places|hiring plan|energy bill|audit",
		"hour":     "6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21",
		"minute":   "00|05|10|15|20|25|30|35|40|45|50|55",
		"month":    "January|February|March|April|May|June|July|August|September|October|November|December",
		"status":   "paid|open|overdue|disputed|cancelled|approved|on hold|partly paid",
		"animal":   "badger|heron|lynx|beaver|raccoon|ferret|tortoise|parrot|llama|goat|hedgehog|swan|fox|donkey|mule",
	}
}
