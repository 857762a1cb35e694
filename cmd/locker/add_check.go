package main

import (
	"maps"
	"slices"
	"strings"

	"evidence-locker/locker/chain"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/record"

	"golang.org/x/text/unicode/norm"
)

// This file looks at the identifiers of a call of add: what seems mistyped is
// recorded exactly as given, and said so at once, while the right one is still
// on the screen. None of it changes what is recorded or the exit code.

// check warns of what does not look right in orders, transfers and actors.
// exchangeKey is the exchange of the call, "" if none was named.
func (p *plan) check(t things, exchangeKey string, n names) {
	for _, f := range t[record.Order] {
		key := exchangeKey
		if s := textOf(f, "exchange"); s != "" {
			key = s
		}
		id := textOf(f, "id")
		if name, looks, known := n.id(key, exchange.Order, id); id != "" && known && !looks {
			p.problem(false, nil, "add.odd-order", id, name)
		}
	}
	var seen []string // an address is warned of once
	address := func(s, network string, sure bool) {
		if s == "" || slices.Contains(seen, s) {
			return
		}
		seen = append(seen, s)
		p.checkAddress(s, network, sure)
	}
	transfers := joined(t[record.Transfer])
	warned := len(p.problems)
	for _, f := range transfers {
		network := textOf(f, "network")
		address(textOf(f, "to"), network, true)
		from, _ := f["from"].(record.List)
		for _, s := range from {
			address(string(s), network, true)
		}
	}
	for _, f := range t[record.Actor] {
		address(textOf(f, "address"), "", false)
	}
	if len(p.problems) > warned {
		p.problems = append(p.problems, problem{key: "add.address-compare", hint: true})
	}
	for _, f := range transfers {
		p.checkTxID(f, exchangeKey, n)
		p.checkTag(f)
	}
}

// joined gives each transfer the network and the address that the call names,
// if it names one only: what is recorded apart, for want of certainty, is still
// most likely of one transfer.
func joined(transfers []record.Fields) []record.Fields {
	var all []record.Fields
	for _, f := range transfers {
		all = append(all, maps.Clone(f))
	}
	for _, field := range []string{"network", "to"} {
		var given []string
		for _, f := range transfers {
			if s := textOf(f, field); s != "" {
				given = append(given, s)
			}
		}
		if len(given) != 1 {
			continue
		}
		for _, f := range all {
			f[field] = record.Text(given[0])
		}
	}
	return all
}

// mailForm is what every mail address looks like, at least.
var mailForm = pattern(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

// checkMails warns of a mail address that can be none: of a name, say, typed at
// the wrong question.
func (p *plan) checkMails() {
	for _, f := range slices.Concat(p.person, p.facts) {
		if s, ok := f.Fields["email"].(record.Text); ok && !mailForm().MatchString(norm.NFKC.String(strings.TrimSpace(string(s)))) {
			p.problem(false, nil, "add.odd-mail", string(s))
		}
	}
}

// checkAddress warns of an address that is mistyped or not one of the network
// given, "" if none was. sure says that it is meant as a network's address and
// not, maybe, as a postal one.
func (p *plan) checkAddress(s, network string, sure bool) {
	r := chain.Check(s)
	net, known := chain.Lookup(network)
	on := networkList(r.Networks)
	warn := func(key string, args ...any) { p.problem(false, nil, key, args...) }
	switch {
	case r.Verdict == chain.Wrong && network != "" && !known && r.On(chain.SOL):
		// Told by nothing but its length, and the network says that it is another's.
	case r.Verdict == chain.Wrong && r.Reason == chain.Length:
		warn("add.address-length", s, on)
	case r.Verdict == chain.Wrong && r.Reason == chain.Sign:
		warn("add.address-sign", s, on)
	case r.Verdict == chain.Wrong:
		warn("add.address-checksum", s, on)
	case known && !r.On(net) && len(r.Networks) > 0:
		warn("add.address-network", s, network, on)
	case known && !r.On(net):
		warn("add.address-no-network", s, network)
	case r.Verdict == chain.Unknown && network == "" && sure:
		warn("add.address-unknown", s, networkList(chain.Networks()))
	}
}

// checkTxID warns of a transaction ID that has the shape of none, or of none of
// the network given. The exchange's own number of a transfer is as good: coins
// that stay inside an exchange have no other.
func (p *plan) checkTxID(f record.Fields, exchangeKey string, n names) {
	id := textOf(f, "txid")
	if id == "" {
		return
	}
	if _, looks, _ := n.id(exchangeKey, exchange.Transfer, id); looks {
		return
	}
	network := textOf(f, "network")
	on := chain.TxID(id)
	switch net, known := chain.Lookup(network); {
	case known && !slices.Contains(on, net):
		p.problem(false, nil, "add.txid-network", id, network)
	case network == "" && len(on) == 0:
		p.problem(false, nil, "add.txid-unknown", id)
	}
}

// checkTag warns of a destination tag that cannot be one, and of one that is
// not the tag inside the address.
func (p *plan) checkTag(f record.Fields) {
	memo := textOf(f, "memo")
	r := chain.Check(textOf(f, "to"))
	if net, _ := chain.Lookup(textOf(f, "network")); memo == "" || net != chain.XRP && !r.On(chain.XRP) {
		return
	}
	switch tag, ok := chain.ParseTag(memo); {
	case !ok:
		p.problem(false, nil, "add.tag", memo)
	case r.Tag != nil && *r.Tag != tag:
		p.problem(false, nil, "add.tag-differs", memo, int(*r.Tag))
	}
}

// textOf is a field's text, "" if there is none.
func textOf(f record.Fields, name string) string {
	s, _ := f[name].(record.Text)
	return string(s)
}

// networkList joins the symbols of networks, which are the same in any language.
func networkList(on []chain.Network) string {
	var list []string
	for _, n := range on {
		list = append(list, string(n))
	}
	return strings.Join(list, "/")
}
