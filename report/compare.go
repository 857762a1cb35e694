package report

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"evidence-locker/locker"
	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// figure is an amount that can be reckoned with, exactly.
type figure struct {
	q     *big.Rat
	scale int    // digits behind the point
	asset string // as it is printed
	unit  string // by which figures of one unit are told, "" if none was given
	yen   bool   // the unit was not spelled JPY
}

// reckon reads an amount. Yen are one unit however they are spelled.
func reckon(a record.Amount) (figure, bool) {
	if len(a.Quantity) > 1000 || strings.ContainsAny(a.Quantity, "eE/xXpP_") {
		return figure{}, false
	}
	q, good := new(big.Rat).SetString(a.Quantity)
	if !good {
		return figure{}, false
	}
	_, frac, _ := strings.Cut(a.Quantity, ".")
	f := figure{q: q, scale: len(frac), asset: strings.TrimSpace(a.Asset)}
	f.unit = datafile.Fold(f.asset)
	switch f.unit {
	case "円", "¥":
		f.asset, f.unit, f.yen = "JPY", "jpy", true
	case "万円":
		f.asset, f.unit, f.yen = "JPY", "jpy", true
		f.q.Mul(f.q, big.NewRat(10000, 1))
		f.scale = max(0, f.scale-4)
	}
	return f, true
}

// reckonText reads a figure from a person's own words, if they are nothing but
// a number and perhaps its unit: "sell 0.5" is none.
func reckonText(v record.Value) (figure, bool) {
	if v == nil {
		return figure{}, false
	}
	a, ok := v.(record.Amount)
	if !ok {
		if a, ok = record.ParseAmount(strings.TrimSpace(v.String())); !ok {
			return figure{}, false
		}
	}
	f, ok := reckon(a)
	notUnit := func(r rune) bool { return r > unicode.MaxASCII && !unicode.Is(unicode.Sc, r) }
	return f, ok && !strings.ContainsFunc(f.asset, notUnit) && f.unit != "buy" && f.unit != "sell"
}

// compared is what was attempted against what was executed.
type compared struct {
	attempted, executed figure
	difference          *big.Rat // executed minus attempted
}

// compare subtracts two values, exactly. It does not where one is no number or
// where their units differ, be it that only one names a unit.
func compare(attempted, executed record.Value) (compared, bool) {
	a, good := reckonText(attempted)
	e, ok := reckonText(executed)
	if !good || !ok || a.unit != e.unit {
		return compared{}, false
	}
	return compared{a, e, new(big.Rat).Sub(e.q, a.q)}, true
}

// signed prints the difference with its sign, its unit and every digit.
func (c compared) signed() string {
	s := c.difference.FloatString(max(c.attempted.scale, c.executed.scale))
	if c.difference.Sign() > 0 {
		s = "+" + s
	}
	return strings.TrimSpace(s + " " + typeset.Printable(c.attempted.asset))
}

// percent prints the difference in hundredths of what was attempted, "" where
// that was nothing. What had to be rounded is marked so.
func (b *builder) percent(c compared) string {
	if c.attempted.q.Sign() == 0 {
		return ""
	}
	p := new(big.Rat).Quo(c.difference, c.attempted.q)
	p.Mul(p, big.NewRat(100, 1))
	s := p.FloatString(2)
	if shown, _ := new(big.Rat).SetString(s); shown.Cmp(p) != 0 {
		b.rounded = true
		if p.Sign() > 0 {
			s = "+" + s
		}
		return b.s("約 ", "about ") + s + " %"
	}
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if p.Sign() > 0 {
		s = "+" + s
	}
	return s + " %"
}

// sources names the records that the values of some fields stand in.
func (b *builder) sources(r *locker.Record, names ...string) string {
	var seqs []int64
	for _, name := range names {
		var last int64
		for _, p := range b.partsOf(r) {
			if v := p.Fields[name]; v != nil && strings.TrimSpace(v.String()) != "" {
				last = p.Seq
			}
		}
		seqs = append(seqs, last)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	if len(seqs) > 1 {
		return fmt.Sprintf(b.s("記録%s", "records %s"), numbers(seqs))
	}
	return fmt.Sprintf(b.s("記録%s", "record %s"), numbers(seqs))
}

// orderSide is one side of an order, its price or its quantity.
type orderSide struct{ attempted, executed, other string }

var orderPrice, orderQuantity = orderSide{"price", "average_price", "filled"}, orderSide{"quantity", "filled", "average_price"}

// orderCompared compares one side of an order, and tells the field that says
// what was attempted. What the person meant to do stands in for a price or
// quantity that is not recorded, where its unit tells which of them it is.
func orderCompared(r *locker.Record, side orderSide) (compared, string, bool) {
	from := side.attempted
	if v := r.Fields[from]; v == nil || strings.TrimSpace(v.String()) == "" {
		from = "intended"
	}
	c, ok := compare(r.Fields[from], r.Fields[side.executed])
	if ok && from == "intended" {
		other, _ := reckonText(r.Fields[side.other])
		ok = c.attempted.unit != "" && c.attempted.unit != other.unit
	}
	return c, from, ok
}

// orderComparison sets what an order was to be against what became of it.
func (b *builder) orderComparison(r *locker.Record) []typeset.Span {
	var lines []typeset.Span
	var names []string
	for _, side := range []struct {
		orderSide
		ja, en string
	}{{orderPrice, "価格", "Price"}, {orderQuantity, "数量", "Quantity"}} {
		c, from, ok := orderCompared(r, side.orderSide)
		if !ok {
			continue
		}
		names = append(names, from, side.executed)
		line := fmt.Sprintf(b.s("%s：試み %s、約定 %s、差 %s", "%s: attempted %s, executed %s, difference %s"), b.s(side.ja, side.en),
			plain(b.value(r, from)), plain(b.value(r, side.executed)), c.signed())
		if side.orderSide == orderPrice {
			if p := b.percent(c); p != "" {
				line += b.s("（", " (") + p + b.s("）", ")")
			}
		}
		lines = join("\n", lines, typeset.Text(line))
	}
	if len(lines) == 0 {
		return nil
	}
	return append(lines, typeset.Span{Muted: true, Text: fmt.Sprintf(
		b.s("\n差は約定から試みを引いた値（%sから計算）", "\nthe difference is executed minus attempted (computed from %s)"), b.sources(r, names...))})
}

// slippage is the one that is recorded, or what the prices give.
func (b *builder) slippage(r *locker.Record) []typeset.Span {
	v := b.value(r, "slippage")
	if len(v) == 0 {
		c, from, ok := orderCompared(r, orderPrice)
		if !ok {
			return nil
		}
		s := c.signed()
		if p := b.percent(c); p != "" {
			s += b.s("、", ", ") + p
		}
		v = typeset.Text(fmt.Sprintf(b.s("%s（%sから計算）", "%s (computed from %s)"), s, b.sources(r, from, "average_price")))
	}
	return append(typeset.Text(b.s("スリッページ ", "slippage ")), v...)
}

// lossDifference is the difference of a loss as recorded, or what its own two
// figures give.
func (b *builder) lossDifference(r *locker.Record) []typeset.Span {
	if v := b.named(r, "difference", "差", "difference"); len(v) > 0 {
		return v
	}
	c, ok := compare(r.Fields["attempted"], r.Fields["executed"])
	if !ok {
		return nil
	}
	return []typeset.Span{{Text: b.s("差：", "difference: "), Muted: true}, {Text: fmt.Sprintf(
		b.s("%s（実際−試み、%sから計算）", "%s (executed minus attempted, computed from %s)"), c.signed(), b.sources(r, "attempted", "executed"))}}
}
