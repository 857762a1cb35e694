package statement

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
)

// A file of formats is data/<key of the exchange>.toml.
type formatFile struct {
	Format []format
}

// A format is one kind of file or API object of an exchange.
type format struct {
	Of     string // "trades"; unique within the exchange
	Source string // of the header, as facts name it

	// Columns of a CSV file in their order, as "header > role". Spellings are
	// parted by "|"; case, width, blanks and "_-." do not count, and neither does
	// what follows UTC in brackets. A "?" before it marks a column that may be
	// missing. "* > coins" stands for any number of columns, one or more for each
	// coin, with the coin's name in the header.
	Columns []string
	// Names in an object of an API, as "name > role"; those of an object inside
	// it go on behind a dot, "*" is any name, and "@key" the name that the object
	// itself has. A "!" marks those by which the object is recognised.
	Names []string

	// As says what a row is: "order", "transfer" or "bank", and then
	//   in, out    the direction of a transfer, else a column of that role tells;
	//   buy, sell  the side of an order;
	//   sign       the sign of the amount tells the direction;
	//   name       the file's name tells the direction or side;
	//   placed     the order was placed then, else filled.
	// Kinds says the same by what the column of role kind holds; a "*" at the end
	// stands for any rest.
	As    string
	Kinds []string // as in "外部送付 > transfer sign"

	// Zone of times that carry none: "cell" (they all do), "UTC" or an offset; a
	// "?" behind it says that this is assumed. Empty: the machine's, assumed.
	Zone   string
	Asset  string            // of amounts, where no column tells
	Words  map[string]string // what a status that is a number means
	Labels map[string]string // roles of "label: value" inside a column of role labels

	exchange string
	zone     *time.Location
	assumed  bool
	kinds    []kindRule
	as       kind
	columns  []column
	names    []nameRole
	need     int // of names, those with "!"
}

type kindRule struct {
	value string // folded
	rest  bool
	kind  kind
}

// A kind is As, taken apart.
type kind struct {
	typ                record.Type
	direction, side    string
	sign, name, placed bool
}

type nameRole struct {
	name, role string
	need       bool
}

// roles are all that a column can have. What has none of these, or one that its
// type of record has no field for, goes into the note.
var roles = []string{
	"kind", "id", "ref", "txid", "pair", "side", "type", "quantity", "filled", "price", "average",
	"placed_at", "filled_at", "at", "status", "amount", "asset", "fee", "fee_asset", "network", "from", "to", "other", "memo",
	"direction", "amount_in", "asset_in", "amount_out", "asset_out", "labels", "coins",
	"bank", "branch", "bank_kind", "number", "holder", "note", "-",
}

// A Book is a set of formats.
type Book struct {
	headers []*format // of CSV files
	objects []*format
}

// A column is one of Columns, taken apart.
type column struct {
	names    []string // folded
	role     string
	optional bool
	many     bool // "*"
}

// maxColumns bounds the headers that are looked at.
const maxColumns = 300

//go:embed data/*.toml
var files embed.FS

// Builtin returns the formats that come with the program.
var Builtin = sync.OnceValue(func() *Book {
	b, err := Load(nil)
	if err != nil {
		panic(err) // a test reads them
	}
	return b
})

// Load reads the built-in formats and, over them, the files of own, which may
// be nil. The book is usable even with an error.
func Load(own fs.FS) (*Book, error) {
	builtin, err := fs.Sub(files, "data")
	if err != nil {
		return nil, err
	}
	all, err := datafile.Load[formatFile](builtin, own)
	b := &Book{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		for i := range all[key].Format {
			f := &all[key].Format[i]
			f.exchange = key
			if bad := b.add(f); bad != nil {
				err = errors.Join(err, fmt.Errorf("data file %q, format %q: %w", key+".toml", f.Of, bad))
			}
		}
	}
	return b, err
}

func (b *Book) add(f *format) (err error) {
	if f.as, err = parseKind(f.As); err != nil {
		return err
	}
	for _, rule := range f.Kinds {
		value, as, _ := cutArrow(rule)
		k, err := parseKind(as)
		if err != nil {
			return err
		}
		v, rest := strings.CutSuffix(value, "*")
		f.kinds = append(f.kinds, kindRule{datafile.Fold(v), rest, k})
	}
	if f.Zone != "cell" && f.Zone != "" {
		text, assumed := strings.CutSuffix(f.Zone, "?")
		if f.assumed = assumed; utcOffset(strings.TrimPrefix(text, "UTC")) == nil {
			return fmt.Errorf("zone %q", f.Zone)
		}
		f.zone = utcOffset(strings.TrimPrefix(text, "UTC"))
	}
	for _, n := range f.Names {
		name, role, err := cutArrow(n)
		if err != nil {
			return err
		}
		name, need := strings.CutPrefix(name, "!")
		f.names = append(f.names, nameRole{name, role, need})
		if need {
			f.need++
		}
	}
	if len(f.names) > 0 {
		b.objects = append(b.objects, f)
		return nil
	}
	for _, c := range f.Columns {
		names, role, err := cutArrow(c)
		if err != nil {
			return err
		}
		names, optional := strings.CutPrefix(names, "?")
		col := column{role: role, optional: optional, many: names == "*"}
		for _, name := range strings.Split(names, "|") {
			folded, _ := foldHeader(name)
			col.names = append(col.names, folded)
		}
		f.columns = append(f.columns, col)
	}
	b.headers = append(b.headers, f)
	return nil
}

func cutArrow(s string) (left, role string, err error) {
	left, role, ok := strings.Cut(s, " > ")
	if !ok {
		return "", "", fmt.Errorf("no arrow in %q", s)
	}
	first, _, _ := strings.Cut(role, " ")
	if k := strings.Fields(role); !slices.Contains(roles, role) && !slices.Contains([]string{"order", "transfer", "bank"}, first) || len(k) == 0 {
		return "", "", fmt.Errorf("role %q", role)
	}
	return left, role, nil
}

func parseKind(s string) (k kind, err error) {
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0 && (word == "order" || word == "transfer" || word == "bank"):
			k.typ = record.Type(word)
		case word == "in" || word == "out":
			k.direction = word
		case word == "buy" || word == "sell":
			k.side = word
		case word == "sign":
			k.sign = true
		case word == "name":
			k.name = true
		case word == "placed":
			k.placed = true
		default:
			return k, fmt.Errorf("kind %q", s)
		}
	}
	if k.typ == "" {
		return k, fmt.Errorf("kind %q", s)
	}
	return k, nil
}

// kindOf returns what a row is by what its column of role kind holds.
func (f *format) kindOf(value string) kind {
	folded := datafile.Fold(value)
	for _, r := range f.kinds {
		if folded == r.value || r.rest && strings.HasPrefix(folded, r.value) {
			return r.kind
		}
	}
	return f.as
}

// foldHeader returns a cell of a header in the form in which headers are
// compared, and the zone that it names, nil if none.
func foldHeader(s string) (folded string, zone *time.Location) {
	if m := headZone.FindStringSubmatch(s); m != nil {
		zone = utcOffset(m[1])
		s = headZone.ReplaceAllString(s, "(UTC)")
	} else if utcTime.MatchString(s) {
		zone = time.UTC
	}
	return datafile.Fold(s), zone
}

// match finds the format of a header, the roles of its columns and the zone that
// it names.
func (b *Book) match(header []string) (f *format, roles []string, zone *time.Location) {
	if len(header) > maxColumns {
		return nil, nil, nil
	}
	folded := make([]string, len(header))
	for i, cell := range header {
		var z *time.Location
		if folded[i], z = foldHeader(cell); zone == nil {
			zone = z
		}
	}
	for _, f := range b.headers {
		if roles, ok := rolesOf(f.columns, folded); ok {
			return f, roles, zone
		}
	}
	return nil, nil, nil
}

// rolesOf returns the role of each cell of a header if the columns are its own.
func rolesOf(columns []column, header []string) (roles []string, ok bool) {
	if len(columns) == 0 {
		return make([]string, 0, len(header)), len(header) == 0
	}
	c := columns[0]
	if len(header) > 0 && (c.many || slices.Contains(c.names, header[0])) {
		if roles, ok = rolesOf(columns[1:], header[1:]); !ok && c.many {
			roles, ok = rolesOf(columns, header[1:])
		}
		if ok {
			return append([]string{c.role}, roles...), true
		}
	}
	if c.optional {
		return rolesOf(columns[1:], header)
	}
	return nil, false
}
