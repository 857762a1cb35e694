package report

import (
	"cmp"
	"slices"

	"evidence-locker/locker"
	"evidence-locker/locker/chain"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// addresses are the fields that hold addresses on a network.
var addresses = map[record.Type][]string{"transfer": {"to", "from"}, "actor": {"address"}}

// wrongAddress tells why s can be no address, whatever it was meant for. What
// nothing but its length speaks against counts only on the network of such
// addresses: a mark in a document is a statement, not a question.
func wrongAddress(s, network string) chain.Reason {
	net, _ := chain.Lookup(network)
	if r := chain.Check(s); r.Verdict == chain.Wrong && (!r.On(chain.SOL) || net == chain.SOL) {
		return r.Reason
	}
	return chain.NoReason
}

// addressWords say what is wrong with an address; it stands as recorded.
var addressWords = map[chain.Reason][2]string{
	chain.Checksum: {"チェックサム不一致。記録のまま", "checksum does not match; as recorded"},
	chain.Length:   {"長さがアドレスと合わない。記録のまま", "not the length of an address; as recorded"},
	chain.Sign:     {"アドレスにない文字がある。記録のまま", "holds a character that no address has; as recorded"},
}

// doubt words what is wrong with the address s in a field of r, "" if nothing
// is, or if it is no address.
func (b *builder) doubt(r *locker.Record, name, s string) string {
	if !slices.Contains(addresses[r.Type], name) || b.text(r, s) != s {
		return ""
	}
	network := ""
	if v := r.Fields["network"]; v != nil {
		network = v.String()
	}
	w := addressWords[wrongAddress(s, network)]
	return b.s(w[0], w[1])
}

// doubtMark stands behind an address that is wrong.
func (b *builder) doubtMark(r *locker.Record, name, s string) []typeset.Span {
	w := b.doubt(r, name, s)
	if w == "" {
		return nil
	}
	return []typeset.Span{{Text: b.s("（"+w+"）", " ("+w+")"), Bold: true}}
}

// A WrongAddress is an address that the document marks as mistyped.
type WrongAddress struct {
	Seq     int64 // its record
	Field   string
	Address string
}

// wrongAddresses lists the addresses that the document marks, by their records.
func (b *builder) wrongAddresses() (all []WrongAddress) {
	for t, names := range addresses {
		for _, r := range b.ofIncident(t) {
			for _, name := range names {
				if !b.told[r][name] || r.Fields[name] == nil {
					continue
				}
				for _, s := range texts(r.Fields[name]) {
					if b.doubt(r, name, s) == "" {
						continue
					}
					for _, p := range b.partsOf(r) {
						if v := p.Fields[name]; v != nil && slices.Contains(texts(v), s) {
							all = append(all, WrongAddress{p.Seq, name, s})
						}
					}
				}
			}
		}
	}
	slices.SortStableFunc(all, func(x, y WrongAddress) int { return cmp.Compare(x.Seq, y.Seq) })
	return all
}

// doubted is an address that is wrong.
type doubted struct{ field, address, words string }

// doubts are the wrong addresses of a record that the document shows.
func (x *exact) doubts(r *locker.Record) (all []doubted) {
	for _, name := range addresses[r.Type] {
		var shown []string
		switch v := x.field(r, name).(type) {
		case string:
			shown = []string{v}
		case []string:
			shown = v
		}
		for _, s := range shown {
			if w := x.doubt(r, name, s); w != "" {
				all = append(all, doubted{name, s, w})
			}
		}
	}
	return all
}
