package task

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// pools gives the words of the patterns' {name}s. In a pool "a|b / x|y" a word is one of the first list and one of the second, with the text
// between the lists ("/" for nothing, " / " for a space) between them; one combination in five is for evaluation only.
func pools() map[string]string {
	const (
		first  = "Ash|Brack|Cold|Dun|East|Far|Glen|Holm|Inver|Kirk|Lin|Mar|Nether|Oak|Pen|Raven|Stow|Thorn|Up|Wren|Amber|Birk|Cran|Dray|Elm|Fen|Grim|Hart|Ips|Lang|Mill|Nor|Otter|Quarn|Rush|Salt|Tarn|Ulver|West|Yel"
		second = "by|water|ham|mere|fold|leigh|rock|bury|lea|dale|dow|ston|haven|moor|sea|bridge|wick|well|ford|combe|field|ley|thorpe|gate|stead|worth|minster|port"
		adj    = "Silver|Golden|Northern|Quiet|Red|Blue|White|Distant|Broken|Winter|Summer|Hidden|Bright|Lonely|Ancient|Silent|Crimson|Iron|Velvet|Wild|Gentle|Bold|Copper|Amber|Ivory|Scarlet|Stormy|Little|Last|First"
		beast  = "Heron|Otter|Star|Petrel|Harbour|Albatross|Rose|Kestrel|Hope|Lantern|Tern|Orchard|Halcyon|Juniper|Osprey|Pelican|Saffron|Anchor|Meadow|River|Falcon|Mirror|Garden|Island|Compass|Summit|Willow|Beacon|Tide|Lark"
		stuff  = "steel|brass|copper|rubber|plastic|wooden|short|long|heavy|light|spare|double|hydraulic|electric|manual|digital|folding|padded|sealed|coated|round|square|narrow|wide|portable|fixed"
		ware   = "drill|valve|cable|filter|bracket|gasket|switch|hinge|bearing|pump|lamp|spring|bolt|tripod|fuse|nozzle|clamp|gauge|sprocket|pulley|hose|ladder|crate|hammer|pipe|motor|panel|lever|wheel|belt"
		house  = "Norwell|Brightline|Castor|Halden|Orrin|Pinebrook|Quayside|Redmoor|Silverton|Tallis|Umber|Vantis|Wexcombe|Yarrow|Zephyr|Ambrel|Corvane|Delmar|Estwick|Fennimore|Gaunt|Hollis|Ivel|Jarrow|Kestane|Lorimer|Mascall|Nettle|Oxley|Pryor|Quill|Rothe|Stavely|Trent|Ullman|Venner|Wickham|Yates"
		trade  = "Works|Ltd|Lines|Group|Foods|Tools|Partners|Trading|Systems|Labs|Motors|Mills|Brothers|Supplies|Logistics|Energy|Textiles|Media|Stores|Chemicals"
	)
	return map[string]string{
		"town":       first + "/" + second,
		"street":     first + " / Street|Lane|Road|Square|Avenue|Hill|Row|Close|Drive|Walk|Gardens|Terrace",
		"firm":       house + " / " + trade,
		"ship":       adj + " / " + beast,
		"title":      "The " + strings.ReplaceAll(adj, "|", "|The ") + " / " + beast,
		"product":    stuff + " / " + ware,
		"topic":      "budget|roof|safety|summer|website|price|merger|parking|hiring|energy|heating|window|garden|kitchen|annual|staff|fire|insurance|traffic|lighting / review|repair|audit|plan|survey|report|check|course|change|inspection|test|renewal",
		"fault":      "loose|burst|worn|wrong|blocked|short|missing|cracked|dirty|broken|bent|frozen|rusty|leaking|jammed|burnt / cable|pipe|belt|setting|drain|circuit|seal|housing|lens|bolt|fan|chain|filter|relay|hinge|hose",
		"site":       "north|south|east|west|upper|lower|old|new|main|rear|front|inner|outer|long / gate|dock|hall|yard|store|deck|wing|station|shop|tower|crib|ramp|bay|office",
		"building":   "Block|House|Wing|Annex|Tower|Hall / A|B|C|D|E|F|G|H|J|K|L|M|N|P|R|S|T|V",
		"dish":       "Harvest|Golden|Smoky|Winter|Spiced|Country|Royal|Lazy|Sunday|Fisherman's|Green|Red / stew|pie|soup|bake|salad|curry|pudding|roast|dumplings|pancakes|risotto|broth",
		"food":       "fresh|dried|smoked|young|wild|salted|roasted|pickled / pears|beans|trout|lentils|carrots|mushrooms|barley|apricots|spinach|walnuts|cabbage|peas|plums|rice|leeks|turnips",
		"cargo":      "raw|bagged|loose|crated|refined|spare|baled|frozen / timber|grain|ore|coffee|parts|salt|cotton|wool|coal|cement|fruit|rubber|sugar|pipes|tea|fertiliser",
		"animal":     "grey|brown|striped|spotted|marsh|mountain|pygmy|giant|desert|arctic / badger|heron|lynx|beaver|ferret|tortoise|parrot|llama|goat|hedgehog|swan|fox|donkey|owl|hare|tapir",
		"plant":      "silver|red|black|dwarf|weeping|common|river|mountain / birch|oak|alder|maple|willow|ash|elm|larch|pine|cherry|hazel|lime|poplar|rowan|spruce|beech",
		"department": "Sales|Stores|Research|Payroll|Design|Export|Legal|Service|Training|Quality|Testing|Planning / North|South|East|West|One|Two|Three|Four",
		"word":       "Vel|Tar|Mon|Sil|Kor|Dra|Fen|Lum|Nar|Pol|Quo|Ris|Sab|Tel|Ulm|Ver|Wex|Xan|Yor|Zem|Bal|Cor|Dum|Eph|Gav|Hel|Ist|Jor|Kel|Lor/aris|ona|etta|imo|ura|enta|osk|ilo|andra|ith|ova|umi|agar|elle|orin|usca|ane|ibo|ekta|oris|ulan|adel|isto|ume|ordo|inda",
		"brand":      "Aero|Bio|Cor|Dyna|Eco|Flex|Gran|Helio|Iso|Jet|Kine|Lumi|Maxi|Nova|Omni|Poly|Quant|Robo|Solo|Terra|Ultra|Vita|Xeno|Zeta/line|mat|star|tec|max|form|wave|gard|plex|core|vent|loop|dex|nix|ford|zen|lux|pad",
		"drug":       "Al|Be|Ca|Do|Er|Fa|Ga|He|In|Ka|Lo|Me|Na|Or|Pa|Ra|Se|Ta|Vi|Zo/lorin|matol|naxil|ritide|sopran|tavir|vastin|zepam|bicin|cillin|dronal|fenac|gliptin|modin|pexol",
		"host":       "web|db|mail|cache|build|proxy|auth|log|queue|search|file|edge|core|lab|print|game|test|stage/a|b|c|d|e|f|g|h|x|y",
		"letters":    "A|B|C|D|E|F|G|H|K|L|M|N|P|R|S|T|V|W/AB|BA|CD|DE|EK|FO|GR|HU|IL|KA|LO|MY|NE|OS|PI|RU|ST|TO|UV|WE|XI|ZA",
		"language":   "Northern|Southern|Eastern|Western|Old|Coastal|Highland|Island / Tavish|Orlan|Melk|Brisan|Korvic|Lethian|Sumer|Vendic|Astri|Dorian|Halvic|Pernian",
		"level":      "minor|moderate|serious|critical|harmless|urgent|routine|severe|trivial|grave|elevated|low|high|blocking|tolerable|unclear",
		"colour":     "red|blue|green|yellow|orange|purple|white|black|grey|brown|silver|crimson|violet|beige|turquoise|pink|navy|olive|gold|maroon",
		"status":     "paid|open|overdue|disputed|cancelled|approved|on hold|partly paid|rejected|written off|under review|reopened|sent back|confirmed",
		"state":      "open|closed|running|stopped|idle|failed|blocked|in repair|offline|ready|degraded|warming up|draining|locked|tripped|on standby",
		"payment":    "bank transfer|credit card|cash|cheque|direct debit|gift card|money order|instalments|voucher|invoice|wire|mobile wallet",
	}
}

// writer draws keys, values and wordings for one document, in its units and its way to write a date.
type writer struct {
	rng   *rand.Rand
	split Split
	pools map[string]string
	cut   map[string][2][]string // pools already split
	names *registrar
	money string
	dates int
}

func newWriter(rng *rand.Rand, split Split) *writer {
	money := []string{"euros", "dollars", "pounds", "francs", "EUR", "USD", "crowns"}
	return &writer{
		rng: rng, split: split, pools: pools(), cut: map[string][2][]string{}, names: newRegistrar(rng, split, false),
		money: one(rng, money), dates: rng.IntN(4),
	}
}

// draw fills a pattern (see schema).
func (w *writer) draw(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '#':
			b.WriteByte('0' + byte(w.rng.IntN(10)))
		case '@':
			b.WriteByte('1' + byte(w.rng.IntN(9)))
		case '?':
			b.WriteByte('A' + byte(w.rng.IntN(26)))
		case '{':
			name, _, _ := strings.Cut(pattern[i+1:], "}")
			i += len(name) + 1
			b.WriteString(w.word(name))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// word draws a word of a pool, or of what no list can hold.
func (w *writer) word(name string) string {
	switch name {
	case "person":
		return w.names.name()
	case "money":
		return w.money
	case "date":
		return w.date()
	case "time":
		return fmt.Sprintf("%d:%02d", 6+w.rng.IntN(16), w.rng.IntN(60))
	case "year":
		return strconv.Itoa(1850 + w.rng.IntN(170))
	case "hex":
		return fmt.Sprintf("%06x", w.rng.IntN(1<<24))
	}
	lists, ok := w.cut[name]
	if !ok {
		a, b, _ := strings.Cut(w.pools[name], "/")
		lists = [2][]string{strings.Split(strings.TrimSuffix(a, " "), "|"), nil}
		if b != "" {
			lists[1] = strings.Split(b, "|")
			if strings.HasPrefix(b, " ") {
				for i, x := range lists[1] {
					lists[1][i] = " " + strings.TrimSpace(x)
				}
			}
		}
		w.cut[name] = lists
	}
	if lists[1] == nil {
		return one(w.rng, lists[0])
	}
	for {
		if i, j := w.rng.IntN(len(lists[0])), w.rng.IntN(len(lists[1])); evalName(i, j) == (w.split == Eval) {
			return lists[0][i] + lists[1][j]
		}
	}
}

// date draws a day, written as the document writes days.
func (w *writer) date() string {
	months := []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	y, m, d := 2015+w.rng.IntN(16), w.rng.IntN(12), 1+w.rng.IntN(28)
	switch w.dates {
	case 0:
		return fmt.Sprintf("%d-%02d-%02d", y, m+1, d)
	case 1:
		return fmt.Sprintf("%d %s %d", d, months[m], y)
	case 2:
		return fmt.Sprintf("%02d/%02d/%d", d, m+1, y)
	}
	return fmt.Sprintf("%s %d", months[m], d)
}

func one[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
