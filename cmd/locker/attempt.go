package main

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"evidence-locker/locker/record"

	"golang.org/x/text/unicode/norm"
)

// This file reads "sell 0.5 btc_jpy 9800000" as side, quantity, pair and price.
// It leaves out what could mean something else: the words stand beside it in
// every report. Of two bare numbers the first is the quantity, as in that
// example; a unit, "@" or a word like 指値 tells them apart in any order.

var attemptToken = pattern(`[A-Za-z][A-Za-z0-9]{1,9} ?[/_-] ?[A-Za-z]{2,10}|[¥$€]? ?\d[\d,]*(?:\.\d+)?|[A-Za-z]+|[\p{Han}\p{Hiragana}\p{Katakana}ー]+|\S`)

// quotes are what prices are given in; a word that ends in none of them is no
// pair.
var quotes = []string{"jpy", "usdt", "usdc", "usd", "fdusd", "busd", "eur", "gbp", "krw", "try", "aud", "btc", "eth", "bnb"}

// money are units that a price has, rather than a quantity of coins.
var money = []string{"jpy", "yen", "円", "¥", "$", "€", "usd", "usdt", "usdc", "eur", "gbp", "krw"}

// noUnit are words that follow a number without being its unit.
var noUnit = []string{"at", "for", "to", "from", "by", "of", "in", "on", "and", "or", "with", "via", "limit", "market", "stop", "price",
	"order", "orders", "buy", "sell", "times", "then", "the", "error", "page", "fa", "st", "nd", "rd", "th", "am", "pm", "ms", "sec", "secs",
	"min", "mins", "hr", "hrs", "hour", "hours", "day", "days"}

var (
	beforePrice    = []string{"@", "at", "price", "limit", "指値", "価格", "レート", "単価"}
	beforeQuantity = []string{"quantity", "qty", "amount", "size", "数量"}
	beforeID       = []string{"order", "id", "no", "#", "番号"}
	moves          = []string{"withdraw", "withdrawal", "deposit", "send", "transfer", "出金", "入金", "送金", "振込", "引き出し", "出庫", "入庫"}
)

// A number of an attempt, and what it is said to be.
type attemptNumber struct {
	plain, unit     string
	price, quantity bool
}

func (n attemptNumber) text() record.Text {
	return record.Text(strings.TrimSpace(n.plain + " " + n.unit))
}

// readAttempt returns those fields of an attempt that its words tell.
func readAttempt(words string) record.Fields {
	s := norm.NFKC.String(strings.ToValidUTF8(words, " "))
	f := record.Fields{}
	var numbers []attemptNumber
	var sides, pairs []string
	tokens := attemptToken().FindAllStringIndex(s, -1)
	word := func(i int) string { // "" beyond the ends
		if i < 0 || i >= len(tokens) {
			return ""
		}
		return strings.ToLower(s[tokens[i][0]:tokens[i][1]])
	}
	glued := func(i int) bool { // token i follows its neighbour at once
		return i > 0 && i < len(tokens) && tokens[i-1][1] == tokens[i][0]
	}
	moved, unsure := false, false
	for i, t := range tokens {
		w := word(i)
		moved = moved || hasSuffix(w, moves)
		switch {
		case isPair(w):
			if glued(i) && strings.ContainsAny(word(i-1), "0123456789") {
				continue // where the number ends is not sure
			}
			pairs = append(pairs, strings.ReplaceAll(s[t[0]:t[1]], " ", ""))
		case w == "buy" || strings.Contains(w, "買") && !strings.Contains(w, "売"):
			sides = append(sides, "buy")
		case w == "sell" || strings.Contains(w, "売") && !strings.Contains(w, "買"):
			sides = append(sides, "sell")
		case strings.ContainsAny(w, "0123456789"):
			if glued(i) && !slices.Contains(beforePrice, word(i-1)) && w[0] >= '0' && w[0] <= '9' && !japaneseWord(word(i-1)) {
				continue // a part of something else: 14:03, v2
			}
			if glued(i) && largeUnit(word(i-1)) > 0 || glued(i+1) && glued(i+2) && largeUnit(word(i+1)) > 0 && strings.ContainsAny(word(i+2), "0123456789") {
				continue // a part of 1億2000万
			}
			if n, ok := numberAt(s, t, word(i+1), glued(i+1)); ok {
				n.price = n.price || hasSuffix(word(i-1), beforePrice)
				n.quantity = hasSuffix(word(i-1), beforeQuantity)
				// The number of an order is none of its figures.
				unsure = unsure || hasSuffix(word(i-1), beforeID) && len(n.plain) > 4 && !strings.Contains(n.plain, ".")
				numbers = append(numbers, n)
			}
		}
	}
	side, pair := only(sides), only(pairs)
	if side != "" {
		f["side"] = record.Text(side)
	}
	if pair != "" {
		f["pair"] = record.Text(pair)
	}
	if order := side != "" || pair != ""; order || moved {
		assign(f, numbers, order && !unsure, pair)
	}
	return f
}

// only returns what all of list say, "" if they differ.
func only(list []string) string {
	if len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return s != list[0] }) {
		return ""
	}
	return list[0]
}

func hasSuffix(word string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return word == s || len(s) > 0 && s[0] >= 0x80 && strings.HasSuffix(word, s)
	})
}

// isPair tells whether a word in lower case is a trading pair: btc_jpy,
// btc/jpy, btcjpy.
func isPair(w string) bool {
	if i := strings.IndexAny(w, "/_-"); i > 0 {
		return slices.Contains(quotes, strings.TrimSpace(w[i+1:]))
	}
	return slices.ContainsFunc(quotes, func(q string) bool {
		base, ok := strings.CutSuffix(w, q)
		return ok && len(base) >= 3 && len(base) <= 6 && base[0] < 0x80
	})
}

func japaneseWord(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// largeUnit is how many noughts the unit that ends a word stands for, 0 if none does.
func largeUnit(w string) int {
	switch {
	case strings.HasSuffix(w, "万"):
		return 4
	case strings.HasSuffix(w, "億"):
		return 8
	}
	return 0
}

// shift multiplies a plain number by ten to the power of noughts.
func shift(plain string, noughts int) string {
	whole, part, _ := strings.Cut(plain, ".")
	part += strings.Repeat("0", max(0, noughts-len(part)))
	whole = strings.TrimLeft(whole+part[:noughts], "0")
	if whole == "" {
		whole = "0"
	}
	if part = strings.TrimRight(part[noughts:], "0"); part != "" {
		whole += "." + part
	}
	return whole
}

// numberAt reads the number at t with the word behind it. It reports false if
// that word makes it something else: 12回, 14:03.
func numberAt(s string, t []int, next string, glued bool) (n attemptNumber, ok bool) {
	text := s[t[0]:t[1]]
	digits := strings.TrimLeft(text, "¥$€ ")
	n.unit = strings.TrimSpace(text[:len(text)-len(digits)])
	a, ok := record.ParseAmount(digits)
	n.plain = a.Quantity
	if !ok {
		return n, false
	}
	if r, size := utf8.DecodeRuneInString(next); glued && largeUnit(string(r)) > 0 {
		n.plain, next = shift(n.plain, largeUnit(string(r))), next[size:]
	}
	switch {
	case next == "":
	case strings.HasPrefix(next, "円"):
		n.unit, n.price = "円", strings.HasPrefix(next, "円で")
	case strings.HasPrefix(next, "で"):
		n.price = true
	case glued && japaneseWord(next):
		r, _ := utf8.DecodeRuneInString(next)
		return n, strings.ContainsRune("枚をにとの売買", r)
	case isPair(next):
		return n, !glued
	case next[0] >= 'a' && next[0] <= 'z':
		i := t[1] + len(s[t[1]:]) - len(strings.TrimLeftFunc(s[t[1]:], unicode.IsSpace))
		end := i + len(next)
		if len(next) > 1 && len(next) <= 6 && !slices.Contains(noUnit, next) && !(end < len(s) && s[end] >= '0' && s[end] <= '9') {
			n.unit = s[i:end]
		} else if glued {
			return n, false
		}
	case glued && strings.ContainsAny(next[:1], ":/%.-_'\""):
		return n, false
	}
	return n, true
}

// assign makes numbers the quantity and the price of an attempt. Bare ones
// count in an order only.
func assign(f record.Fields, numbers []attemptNumber, order bool, pair string) {
	_, quote := splitPair(pair)
	var bare []attemptNumber
	set := func(field string, n attemptNumber) {
		if f[field] != nil { // two of them: neither is sure
			f[field] = record.Text("")
			return
		}
		f[field] = n.text()
	}
	for _, n := range numbers {
		unit := strings.ToLower(n.unit)
		switch {
		case n.price:
			set("price", n)
		case n.quantity:
			set("quantity", n)
		case unit == "" && order:
			bare = append(bare, n)
		case unit == "":
		case order && (unit == quote || slices.Contains(money, unit)):
			if len(numbers) > 1 { // alone it may be what is spent
				set("price", n)
			}
		default:
			set("quantity", n)
		}
	}
	for i, n := range bare {
		switch {
		case len(bare) > 2 || len(bare) == 2 && len(numbers) > 2:
		case f["quantity"] == nil && i == 0:
			set("quantity", n)
		case f["price"] == nil:
			set("price", n)
		}
	}
	for _, field := range []string{"quantity", "price"} {
		if f[field] == record.Text("") {
			delete(f, field)
		}
	}
}

// splitPair returns base and quote of a pair in lower case.
func splitPair(pair string) (base, quote string) {
	pair = strings.ToLower(pair)
	if i := strings.IndexAny(pair, "/_-"); i > 0 {
		return pair[:i], pair[i+1:]
	}
	for _, q := range quotes {
		if base, ok := strings.CutSuffix(pair, q); ok {
			return base, q
		}
	}
	return pair, ""
}
