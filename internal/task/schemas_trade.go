package task

// tradeSchemas are things of shops, offices and transport.
func tradeSchemas() []schema {
	return []schema{
		{"stock item", "??-###", "item KEY", []attribute{
			{"stock level", "@## pieces", "We still hold VAL of KEY.", "How much of KEY is still held?"},
			{"shelf", "?-@#", "KEY lies on shelf VAL.", "On which shelf does KEY lie?"},
			{"unit price", "@#.## {money}", "One piece of KEY costs VAL.", "What does one piece of KEY cost?"},
			{"supplier", ">supplier", "We buy KEY from VAL.", "From whom do we buy KEY?"},
			{"description", "{product}", "KEY is a VAL.", "What kind of thing is KEY?"}}},
		{"supplier", "{firm}", "KEY", []attribute{
			{"city", "{town}", "KEY has its works in VAL.", "Where does KEY have its works?"},
			{"contact person", "{person}", "At KEY we talk to VAL.", "Whom do we talk to at KEY?"},
			{"lead time", "@# days", "KEY needs VAL to deliver.", "How long does KEY need to deliver?"},
			{"account number", "@###-@##", "We pay KEY through account VAL.", "Through which account do we pay KEY?"}}},
		{"order", "@####", "order KEY", []attribute{
			{"customer", ">customer", "VAL placed KEY.", "Who placed KEY?"},
			{"total", "@##.## {money}", "KEY comes to VAL.", "What does KEY come to?"},
			{"delivery date", "{date}", "KEY will be delivered on VAL.", "When will KEY be delivered?"},
			{"carrier", "{firm}", "VAL will bring KEY.", "Who will bring KEY?"},
			{"payment method", "{payment}", "KEY is paid by VAL.", "How is KEY paid?"}}},
		{"customer", "C-@###", "customer KEY", []attribute{
			{"city", "{town}", "KEY lives in VAL.", "Where does KEY live?"},
			{"name", "{person}", "KEY is called VAL.", "What is KEY called?"},
			{"phone number", "0@## @####", "KEY can be reached at VAL.", "At which number can KEY be reached?"},
			{"discount", "@#.# percent", "We grant KEY a discount of VAL.", "How much discount do we grant KEY?"},
			{"birthday", "{date}", "KEY was born on VAL.", "When was KEY born?"}}},
		{"invoice", "INV-@####", "invoice KEY", []attribute{
			{"amount", "@###.## {money}", "KEY asks for VAL.", "How much does KEY ask for?"},
			{"payer", "{firm}", "VAL must pay KEY.", "Who must pay KEY?"},
			{"due date", "{date}", "KEY must be paid by VAL.", "By when must KEY be paid?"},
			{"status", "{status}", "KEY is VAL at present.", "How do things stand with KEY?"},
			{"order", ">order", "KEY was written for order VAL.", "For which order was KEY written?"}}},
		{"payment", "PAY-@###", "payment KEY", []attribute{
			{"amount", "@##.## {money}", "With KEY came VAL.", "How much came with KEY?"},
			{"sender", "{person}", "VAL sent KEY.", "Who sent KEY?"},
			{"booking date", "{date}", "KEY was booked on VAL.", "When was KEY booked?"},
			{"reference", "??-@####", "KEY carries the reference VAL.", "Which reference does KEY carry?"},
			{"invoice", ">invoice", "KEY settles invoice VAL.", "Which invoice does KEY settle?"}}},
		{"parcel", "??@###", "parcel KEY", []attribute{
			{"weight", "@#.# kg", "KEY weighs VAL.", "What does KEY weigh?"},
			{"destination", "{town}", "KEY is going to VAL.", "Where is KEY going?"},
			{"contents", "{product}", "KEY holds a VAL.", "What does KEY hold?"},
			{"recipient", "{person}", "KEY is addressed to VAL.", "To whom is KEY addressed?"},
			{"delivery", ">delivery", "KEY travels with delivery VAL.", "With which delivery does KEY travel?"}}},
		{"delivery", "D@##-?", "delivery KEY", []attribute{
			{"driver", "{person}", "VAL takes KEY out.", "Who takes KEY out?"},
			{"departure", "{time}", "KEY leaves the yard at VAL.", "When does KEY leave the yard?"},
			{"stop", "{street}", "KEY halts at VAL.", "Where does KEY halt?"},
			{"vehicle", ">vehicle", "KEY goes with vehicle VAL.", "With which vehicle does KEY go?"},
			{"pallet count", "@# pallets", "There are VAL on KEY.", "How many pallets are on KEY?"}}},
		{"vehicle", "??-@###", "vehicle KEY", []attribute{
			{"driver", "{person}", "VAL drives KEY.", "Who drives KEY?"},
			{"mileage", "@#### km", "KEY has run VAL.", "How far has KEY run?"},
			{"colour", "{colour}", "KEY is painted VAL.", "In what colour is KEY painted?"},
			{"garage", "{town}", "KEY is kept in VAL.", "Where is KEY kept?"},
			{"next service", "{date}", "KEY must be serviced on VAL.", "When must KEY be serviced?"}}},
		{"product", "{brand}", "the product KEY", []attribute{
			{"price", "@##.## {money}", "KEY sells for VAL.", "For how much does KEY sell?"},
			{"maker", "{firm}", "VAL makes KEY.", "Who makes KEY?"},
			{"release date", "{date}", "KEY came out on VAL.", "When did KEY come out?"},
			{"warranty", "@# months", "KEY is under warranty for VAL.", "How long is KEY under warranty?"},
			{"model code", "?@-###", "KEY bears the model code VAL.", "Which model code does KEY bear?"}}},
		{"account", "@### @### @#", "account KEY", []attribute{
			{"holder", "{person}", "KEY belongs to VAL.", "To whom does KEY belong?"},
			{"balance", "@###.## {money}", "There are VAL in KEY.", "How much is in KEY?"},
			{"branch", "{town}", "KEY is held at the branch in VAL.", "At which branch is KEY held?"},
			{"opening date", "{date}", "KEY was opened on VAL.", "When was KEY opened?"}}},
		{"subscription", "S-@####", "subscription KEY", []attribute{
			{"plan", "{brand}", "KEY is for the plan VAL.", "Which plan is KEY for?"},
			{"monthly fee", "@#.## {money}", "KEY costs VAL a month.", "What does KEY cost a month?"},
			{"renewal date", "{date}", "KEY is renewed on VAL.", "When is KEY renewed?"},
			{"subscriber", ">customer", "Customer VAL took out KEY.", "Which customer took out KEY?"}}},
		{"quote", "Q@###", "quote KEY", []attribute{
			{"prepared by", "{person}", "VAL prepared KEY.", "Who prepared KEY?"},
			{"sum", "@###0 {money}", "KEY adds up to VAL.", "What does KEY add up to?"},
			{"valid until", "{date}", "KEY lapses on VAL.", "When does KEY lapse?"},
			{"subject", "{topic}", "KEY deals with the VAL.", "What does KEY deal with?"}}},
	}
}
