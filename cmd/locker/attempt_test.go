package main

import (
	"testing"

	"evidence-locker/locker/record"
)

func TestReadAttempt(t *testing.T) {
	type want struct{ side, quantity, pair, price string }
	for words, w := range map[string]want{
		"sell 0.5 btc_jpy 9800000":   {"sell", "0.5", "btc_jpy", "9800000"},
		"btc_jpy sell 0.5 9800000":   {"sell", "0.5", "btc_jpy", "9800000"},
		"BTC/JPY 9,800,000円で0.5売り":   {"sell", "0.5", "BTC/JPY", "9800000 円"},
		"sell @9800000 btcjpy 0.5":   {"sell", "0.5", "btcjpy", "9800000"},
		"9800000 JPY, 0.5 BTC, sell": {"sell", "0.5 BTC", "", "9800000 JPY"},
		"buy eth-jpy 2 @ 500000":     {"buy", "2", "eth-jpy", "500000"},
		"ＢＴＣ／ＪＰＹ　売　０．５　＠９８０００００":     {"sell", "0.5", "BTC/JPY", "9800000"},
		"買い 0.5BTC 指値 9800000":       {"buy", "0.5 BTC", "", "9800000"},
		"指値9800000でBTC/JPYを数量0.5で売る": {"sell", "", "BTC/JPY", ""}, // "0.5で" could be a price too
		"buy 1INCHUSDT":             {"buy", "", "", ""},
		"SELL SOLUSDT 12.5 at $180": {"sell", "12.5", "SOLUSDT", "180 $"},
		"withdraw 0.1 BTC":          {"", "0.1 BTC", "", ""},
		"0.1 BTC 出金":                {"", "0.1 BTC", "", ""},
		"withdraw 50,000 JPY":       {"", "50000 JPY", "", ""},
		"login":                     {},
		"ログイン":                      {},
		"sign-in with 2FA at 14:03": {},
		"page 404":                  {},
		"buy 10000 JPY btc":         {"buy", "", "", ""}, // a price, or what is spent
		"sell 980万円":                {"sell", "", "", ""},
		"BTC/JPY 0.5 980万円で売り":      {"sell", "0.5", "BTC/JPY", "9800000 円"},
		"０．５ＢＴＣを９８０万円で売り":                 {"sell", "0.5 BTC", "", "9800000 円"},
		"ＢＴＣ 0.5枚 980.5万で買い":              {"buy", "0.5", "", "9805000"},
		"buy 0.00015億 btc_jpy":            {"buy", "15000", "btc_jpy", ""},
		"sell 0.5 btc_jpy 1億2000万円":       {"sell", "0.5", "btc_jpy", ""},
		"sell 0.5 btc_jpy 1億円":            {"sell", "0.5", "btc_jpy", "100000000 円"},
		"出金 50万円":                         {"", "500000 円", "", ""},
		"sell 0.5 btc_jpy 2万回":            {"sell", "0.5", "btc_jpy", ""},
		"sell 0.5 btc_jpy 9800000 12回":    {"sell", "0.5", "btc_jpy", "9800000"},
		"sell 0.5 0.4 btc_jpy 9800000":    {"sell", "", "btc_jpy", ""},
		"buy back what I could not sell":  {"", "", "", ""},
		"swap btc_jpy, then eth_jpy":      {"", "", "", ""},
		"limit 9800000 sell 0.5 btc_jpy":  {"sell", "0.5", "btc_jpy", "9800000"},
		"sell 0.5 btc_jpy at 14:03":       {"sell", "0.5", "btc_jpy", ""},
		"売買 0.5 btc_jpy":                  {"", "0.5", "btc_jpy", ""},
		"sell 0.5 btc_jpy 9800000 \xff":   {"sell", "0.5", "btc_jpy", "9800000"},
		"sell 1e400000000 btc_jpy":        {"sell", "", "btc_jpy", ""},
		"sell 1,00,0 btc_jpy":             {"sell", "", "btc_jpy", ""},
		"cancel order 123456":             {},
		"cancel sell order 123456 0.5BTC": {"sell", "0.5 BTC", "", ""},
		"sell order 0.5 btc_jpy 9800000":  {"sell", "0.5", "btc_jpy", "9800000"},
		"waited 3 phones":                 {},
		"withdraw 0.5btc_jpy":             {},
	} {
		f := readAttempt(words)
		got := want{}
		for field, to := range map[string]*string{"side": &got.side, "quantity": &got.quantity, "pair": &got.pair, "price": &got.price} {
			if v, ok := f[field].(record.Text); ok {
				*to = string(v)
			}
		}
		if got != w {
			t.Errorf("%q: %+v, want %+v", words, got, w)
		}
	}
}

// Whatever is typed, reading it neither fails nor makes an empty field.
func FuzzReadAttempt(f *testing.F) {
	for _, s := range []string{"sell 0.5 btc_jpy 9800000", "¥ 1,000 で 買", "btc/ jpy @", "0.5btc_jpy", "\xff", "9円でで", "売り 0.5億 980.5万円で"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, v := range readAttempt(s) {
			if v.String() == "" {
				t.Errorf("%q: field %s is empty", s, name)
			}
		}
	})
}
