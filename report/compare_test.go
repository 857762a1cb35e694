package report

import (
	"strings"
	"testing"

	"evidence-locker/locker/record"
)

// What was attempted is set against what was executed, exactly, and only where
// the numbers can be told apart from the words and are of one unit.
func TestOrderComparison(t *testing.T) {
	T := func(s string) record.Value { return record.Text(s) }
	for _, c := range []struct {
		name   string
		fields record.Fields
		want   string // of the Japanese section; "" for no comparison
	}{
		{"price and quantity", record.Fields{"price": T("9800000"), "average_price": T("9700000.5"), "quantity": T("0.50000000"), "filled": T("0.3")},
			"試みと約定の比較:\n  価格：試み 9800000、約定 9700000.5、差 -99999.5（約 -1.02 %）\n  数量：試み 0.50000000、約定 0.3、差 -0.20000000\n" +
				"  差は約定から試みを引いた値（記録11から計算）\n"},
		{"an exact ratio", record.Fields{"price": T("200"), "average_price": T("205")}, "価格：試み 200、約定 205、差 +5（+2.5 %）\n"},
		{"nothing between them", record.Fields{"price": T("200"), "average_price": T("200.00")}, "差 0.00（0 %）\n"},
		{"more digits than a float has", record.Fields{"quantity": T("0.1234567890123456789012345678"), "filled": T("0.1234567890123456789012345677")},
			"差 -0.0000000000000000000000000001\n"},
		{"thousands and yen in two spellings", record.Fields{"price": T("¥9,800,000"), "average_price": T("9700000 JPY")},
			"試み ¥9,800,000、約定 9700000 JPY、差 -100000 JPY（約 -1.02 %）\n"},
		{"of nothing there is no ratio", record.Fields{"price": T("0"), "average_price": T("5")}, "差 +5\n"},
		{"another unit", record.Fields{"price": T("9800000 JPY"), "average_price": T("65000 USD")}, ""},
		{"one has no unit", record.Fields{"price": T("9800000"), "average_price": T("9700000 JPY")}, ""},
		{"words", record.Fields{"price": T("9800000 で売り"), "average_price": T("9700000 で売り")}, ""},
		{"a side", record.Fields{"quantity": T("sell 0.5"), "filled": T("sell 0.3")}, ""},
		{"no number", record.Fields{"price": T("成行"), "average_price": T("9700000")}, ""},
		{"one alone", record.Fields{"price": T("9800000")}, ""},
		{"what was meant is a price", record.Fields{"intended": T("9800000 JPY"), "average_price": T("9700000 JPY"), "filled": T("0.3 BTC")},
			"価格：試み 9800000 JPY、約定 9700000 JPY、差 -100000 JPY（約 -1.02 %）\n"},
		{"what was meant is a quantity", record.Fields{"intended": T("0.5 BTC"), "average_price": T("9700000 JPY"), "filled": T("0.3 BTC")},
			"数量：試み 0.5 BTC、約定 0.3 BTC、差 -0.2 BTC\n"},
		{"what was meant could be either", record.Fields{"intended": T("9800000"), "average_price": T("9700000"), "filled": T("0.3")}, ""},
		{"an exponent beyond reason", record.Fields{"price": T("1E999999999"), "average_price": T("1")}, ""},
	} {
		m := newMade()
		m.add("incident", record.Fields{"kind": T("execution")})
		c.fields["id"] = T("123")
		m.add("order", c.fields)
		for _, o := range []Options{{For: "support", Lang: "ja"}, {For: "police", Lang: "ja"}} {
			r := mustBuild(t, m.Input, o)
			s := sectionOf(r, "orders")
			if c.want == "" {
				if strings.Contains(s, "差") {
					t.Errorf("%s: compared:\n%s", c.name, s)
				}
				continue
			}
			wantAll(t, s, c.want)
			rounded := strings.Contains(sectionOf(r, "about"), "四捨五入")
			if rounded != strings.Contains(c.want, "約 ") {
				t.Errorf("%s: says that it rounds: %v", c.name, rounded)
			}
		}
	}
}

// The slippage is the recorded one, or the one that the prices give, with the
// records of both.
func TestSlippage(t *testing.T) {
	T := func(s string) record.Value { return record.Text(s) }
	m := newMade()
	m.add("incident", record.Fields{"kind": T("execution"), "exchange": T("binance")})
	m.add("order", record.Fields{"pair": T("eth_jpy")})
	m.add("order", record.Fields{"id": T("123"), "price": T("9800000")})
	m.add("order", record.Fields{"id": T("123"), "average_price": T("9310000"), "pair": T("btc_jpy")})
	m.add("order", record.Fields{"id": T("124"), "price": T("1"), "average_price": T("2"), "slippage": T("1.5 % と表示された")})
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "top")
	wantAll(t, s, "注文 1：eth_jpy\n", "注文 2：btc_jpy、スリッページ -490000、-5 %（記録12, 13から計算）\n", "注文 3：スリッページ 1.5 % と表示された\n")
	s = sectionOf(mustBuild(t, m.Input, Options{Lang: "en"}), "top")
	wantAll(t, s, "Order 2: btc_jpy, slippage -490000, -5 % (computed from records 12, 13)")
}

func TestLossDifference(t *testing.T) {
	T := func(s string) record.Value { return record.Text(s) }
	m := newMade()
	m.add("loss", record.Fields{"amount": sum("0.2 BTC"), "attempted": T("0.5 BTC"), "executed": T("0.30 btc")})
	m.add("loss", record.Fields{"amount": sum("1 BTC"), "attempted": T("0.5 BTC"), "executed": T("0.3 BTC"), "difference": T("約0.2 BTC")})
	m.add("loss", record.Fields{"amount": sum("1 BTC"), "attempted": T("9800000 で売り"), "executed": T("0.3 BTC")})
	for lang, wants := range map[string][]string{
		"ja": {"試み：0.5 BTC\n", "実際：0.30 btc\n", "差：-0.20 BTC（実際−試み、記録10から計算）\n", "差：約0.2 BTC\n"},
		"en": {"difference: -0.20 BTC (executed minus attempted, computed from record", "difference: 約0.2 BTC"},
	} {
		s := sectionOf(mustBuild(t, m.Input, Options{Lang: lang}), "losses")
		wantAll(t, s, wants...)
		if n := strings.Count(s, "から計算") + strings.Count(s, "computed from"); n != 1 {
			t.Errorf("%s: %d computed:\n%s", lang, n, s)
		}
	}
}
