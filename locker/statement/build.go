package statement

import (
	"slices"
	"strings"
	"time"

	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
)

// A cell is one value of a row, with the role and the header of its column.
type cell struct{ role, label, value string }

// builder makes the fields of one row.
type builder struct {
	f        *format
	cells    []cell
	used     []bool
	zone     *time.Location
	fields   record.Fields
	problems []Problem
}

// build makes a record of a row. What no field takes goes into its note, so
// that the record says all that the row does.
func (f *format) build(cells []cell, zone *time.Location, name string) (Row, []Problem) {
	b := &builder{f: f, cells: f.unlabelled(cells), zone: zone, fields: record.Fields{}}
	b.used = make([]bool, len(b.cells))
	k := f.as
	if c := b.peek("kind"); c != nil {
		k = f.kindOf(c.value)
	}
	if k.typ == record.Transfer && isMoney(b.assetOf(k)) {
		k.typ = record.Bank
	}
	switch k.typ {
	case record.Order:
		b.order(k, name)
	case record.Transfer:
		b.transfer(k, name)
	case record.Bank:
		b.bank(k, name)
	}
	b.note()
	return Row{Type: k.typ, Fields: b.fields}, b.problems
}

// unlabelled takes cells of role labels apart; the whole stays as a note.
func (f *format) unlabelled(cells []cell) []cell {
	all := cells
	for _, c := range cells {
		if c.role != "labels" {
			continue
		}
		for _, part := range strings.Split(c.value, ", ") {
			label, value, ok := strings.Cut(part, ": ")
			if role := f.Labels[label]; ok && role != "" {
				all = append(slices.Clone(all), cell{role, label, value})
			}
		}
	}
	return all
}

// peek returns the first cell of one of the roles that says something.
func (b *builder) peek(roles ...string) *cell {
	for _, role := range roles {
		for i := range b.cells {
			if b.cells[i].role == role && !blank(b.cells[i].value) {
				return &b.cells[i]
			}
		}
	}
	return nil
}

// take is peek, and the note then leaves the cell out.
func (b *builder) take(roles ...string) string {
	c := b.peek(roles...)
	if c == nil {
		return ""
	}
	b.use(c)
	return strings.TrimSpace(c.value)
}

func (b *builder) use(c *cell) {
	for i := range b.cells {
		if &b.cells[i] == c {
			b.used[i] = true
		}
	}
}

func (b *builder) text(field string, roles ...string) {
	if s := b.take(roles...); s != "" {
		b.fields[field] = record.Text(s)
	}
}

func (b *builder) time(field string, roles ...string) {
	c := b.peek(roles...)
	if c == nil {
		return
	}
	s := strings.TrimSpace(c.value)
	t, _, ok := moment(s, b.zone)
	if !ok {
		t, ok = epoch(s)
	}
	if ok { // else it goes into the note, and the reader has said so
		b.use(c)
		b.fields[field] = record.Time{At: t, Raw: s}
	}
}

// amount reads a number with its unit, glued to it or from another column. Its
// own spelling is kept beside it.
func (b *builder) amount(field, value, asset string) {
	if value == "" {
		return
	}
	raw := value
	if asset != "" && !strings.HasSuffix(strings.ToUpper(value), strings.ToUpper(asset)) {
		raw += " " + asset
	}
	a, ok := record.ParseAmount(raw)
	if !ok {
		if a, ok = record.ParseAmount(value); ok && a.Asset == "" {
			a.Raw, a.Asset = raw, asset
		}
	}
	if !ok {
		b.problems = append(b.problems, Problem{Code: BadAmount, Text: value})
	}
	b.fields[field] = a
}

// status writes what a bare number means behind it.
func (b *builder) status() {
	s := b.take("status")
	if word := b.f.Words[s]; word != "" {
		s += " (" + word + ")"
	}
	if s != "" {
		b.fields["status"] = record.Text(s)
	}
}

func (b *builder) order(k kind, name string) {
	b.text("id", "id")
	b.fields["exchange"] = record.Text(b.f.exchange)
	asset := b.take("asset")
	b.text("pair", "pair")
	if asset != "" && b.fields["pair"] == nil {
		b.fields["pair"] = record.Text(asset)
	}
	b.side(k, name)
	b.text("type", "type")
	b.amount("quantity", b.take("quantity"), asset)
	b.amount("price", b.take("price"), "")
	b.amount("average_price", b.take("average"), "")
	b.amount("filled", b.take("filled"), asset)
	field := "filled"
	if k.placed {
		field = "quantity"
	}
	switch coin := b.coin(); {
	case b.fields[field] != nil:
	case b.peek("amount") != nil:
		b.amount(field, b.take("amount"), asset)
	case coin != nil:
		b.amount(field, strings.TrimSpace(coin.value), coin.label)
	default:
		b.exchanged(field)
	}
	b.time("placed_at", "placed_at")
	b.time("filled_at", "filled_at")
	if k.placed && b.fields["placed_at"] == nil {
		b.time("placed_at", "at")
	} else {
		b.time("at", "at")
	}
	b.status()
}

// side reads buy and sell, in whatever words. What the file calls it stays in
// the note where it says more.
func (b *builder) side(k kind, name string) {
	side := k.side
	if c := b.peek("side"); c != nil && side == "" {
		if side = sideOf(c.value); side == "" {
			side = strings.TrimSpace(c.value)
		}
		if strings.EqualFold(strings.TrimSpace(c.value), side) {
			b.use(c)
		}
	}
	if c := b.peek("kind"); side == "" && c != nil {
		side = sideOf(c.value)
	}
	if side == "" && k.name {
		side = sideOf(name)
	}
	if side != "" {
		b.fields["side"] = record.Text(side)
	}
}

// exchanged reads an order off what came and what went: of the two, the pair's
// first coin is what was traded.
func (b *builder) exchanged(field string) {
	in, out := b.peek("asset_in"), b.peek("asset_out")
	pair, _ := b.fields["pair"].(record.Text)
	base, _, _ := strings.Cut(strings.NewReplacer("/", "_", "-", "_").Replace(string(pair)), "_")
	side := ""
	switch {
	case in != nil && strings.EqualFold(in.value, base):
		side = "buy"
		b.amount(field, b.take("amount_in"), b.take("asset_in"))
	case out != nil && strings.EqualFold(out.value, base):
		side = "sell"
		b.amount(field, b.take("amount_out"), b.take("asset_out"))
	}
	if side != "" && b.fields["side"] == nil {
		b.fields["side"] = record.Text(side)
	}
}

// coin is the column of the coin that the row is about, where each coin has its
// own: the first that says something, a coin before money.
func (b *builder) coin() *cell {
	var money *cell
	for i := range b.cells {
		c := &b.cells[i]
		if c.role != "coins" || blank(c.value) || strings.Trim(c.value, "0.,+-") == "" || strings.ContainsAny(c.label, "(（") {
			continue
		}
		if !isMoney(c.label) {
			b.use(c)
			return c
		}
		if money == nil {
			money = c
		}
	}
	if money != nil {
		b.use(money)
	}
	return money
}

func (b *builder) transfer(k kind, name string) {
	value := b.moved(k)
	direction := b.direction(k, name, value)
	b.amount("fee", b.take("fee"), b.feeAsset())
	b.text("network", "network")
	b.text("txid", "txid")
	if b.fields["txid"] == nil {
		b.text("txid", "id", "ref") // the exchange's own number is all there is
	}
	if s := b.take("from"); s != "" {
		b.fields["from"] = record.List{record.Text(s)}
	}
	b.text("to", "to")
	switch other := b.peek("other"); {
	case other == nil:
	case direction == "out" && b.fields["to"] == nil:
		b.text("to", "other")
	case direction == "in" && b.fields["from"] == nil:
		b.fields["from"] = record.List{record.Text(b.take("other"))}
	}
	b.text("memo", "memo")
	b.time("at", "at", "placed_at", "filled_at")
	b.status()
}

func (b *builder) bank(k kind, name string) {
	value := b.moved(k)
	b.direction(k, name, value)
	b.text("bank", "bank")
	b.text("branch", "branch")
	b.text("kind", "bank_kind")
	b.text("number", "number")
	b.text("holder", "holder")
	b.time("at", "at", "placed_at", "filled_at")
	b.text("reference", "id", "ref", "txid")
}

// moved reads the amount of a transfer and returns its spelling.
func (b *builder) moved(k kind) string {
	value, asset := b.take("amount"), b.assetOf(k)
	if value == "" {
		way := b.way(k)
		if value = b.take("amount_" + way); value != "" {
			b.take("asset_" + way)
		} else if c := b.coin(); c != nil {
			value = strings.TrimSpace(c.value)
		}
	}
	if c := b.peek("pair"); c != nil && strings.EqualFold(strings.TrimSpace(c.value), asset) {
		b.use(c) // says the same
	}
	b.take("asset")
	b.amount("amount", value, asset)
	return value
}

// way tells which of the two columns for what came and what went counts.
func (b *builder) way(k kind) string {
	if k.direction == "in" || k.direction == "" && b.peek("amount_in") != nil {
		return "in"
	}
	return "out"
}

// assetOf is the coin or currency of a transfer.
func (b *builder) assetOf(k kind) string {
	if c := b.peek("asset"); c != nil {
		return strings.TrimSpace(c.value)
	}
	if c := b.peek("asset_" + b.way(k)); c != nil {
		return strings.TrimSpace(c.value)
	}
	if c := b.coinHere(); c != nil {
		return c.label
	}
	return b.f.Asset
}

// coinHere is coin, without taking it.
func (b *builder) coinHere() *cell {
	used := slices.Clone(b.used)
	c := b.coin()
	b.used = used
	return c
}

// feeAsset is the coin of a fee: its own column, or that of the amount.
func (b *builder) feeAsset() string {
	if s := b.take("fee_asset"); s != "" {
		return s
	}
	a, _ := b.fields["amount"].(record.Amount)
	return a.Asset
}

// direction settles whether coins or money came in or went out.
func (b *builder) direction(k kind, name, value string) string {
	direction := k.direction
	if c := b.peek("direction"); c != nil && direction == "" {
		if direction = directionOf(c.value); strings.EqualFold(c.value, direction) {
			b.use(c)
		}
	}
	if direction == "" && k.sign && value != "" {
		direction = "in"
		if strings.HasPrefix(value, "-") {
			direction = "out"
		}
	}
	if direction == "" && k.name {
		direction = directionOf(name)
	}
	if direction == "" && b.peek("asset_in", "asset_out") != nil {
		direction = b.way(k)
	}
	if direction != "" {
		b.fields["direction"] = record.Text(direction)
	}
	return direction
}

// note keeps what no field has taken, each value with its header. A zero in a
// column that is not about such a row says nothing.
func (b *builder) note() {
	var parts []string
	said := func(c cell) bool { // a number may tell the kind too
		for i, other := range b.cells {
			if b.used[i] && other.label == c.label && other.value == c.value {
				return true
			}
		}
		return false
	}
	for i, c := range b.cells {
		if b.used[i] || said(c) || blank(c.value) || c.role == "-" || strings.Trim(c.value, "0.") == "" {
			continue
		}
		parts = append(parts, c.label+": "+strings.TrimSpace(c.value))
	}
	if len(parts) > 0 {
		b.fields["note"] = record.Text(strings.Join(parts, "; "))
	}
}

// sideOf reads buy or sell out of what exchanges call it, "" if it is neither.
func sideOf(s string) string {
	f := datafile.Fold(s)
	buys := strings.Contains(f, "buy") || strings.Contains(f, "買")
	sells := strings.Contains(f, "sell") || strings.Contains(f, "売")
	switch {
	case buys && !sells:
		return "buy"
	case sells && !buys:
		return "sell"
	}
	return ""
}

// directionOf reads in or out out of what exchanges call it, "" if it is
// neither.
func directionOf(s string) string {
	f := datafile.Fold(s)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(f, w) })
	}
	in := f == "in" || has("deposit", "receive", "入金", "預入", "受取")
	out := f == "out" || has("withdraw", "send", "sent", "出金", "送付") && !has("預入・送付")
	switch {
	case in && !out:
		return "in"
	case out && !in:
		return "out"
	}
	return ""
}

// isMoney reports whether an asset is a state's money, which moves through
// banks. Kraken writes a Z before it.
func isMoney(asset string) bool {
	return slices.Contains([]string{"JPY", "USD", "EUR", "GBP", "CAD", "AUD", "CHF", "ZJPY", "ZUSD", "ZEUR", "ZGBP", "ZCAD", "ZAUD", "円"}, strings.ToUpper(strings.TrimSpace(asset)))
}
