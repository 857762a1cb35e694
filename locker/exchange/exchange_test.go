package exchange

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBuiltin(t *testing.T) {
	want := []string{"binance", "binance-japan", "bitbank", "bitflyer", "bybit", "coinbase", "coincheck", "gmo-coin", "kraken"}
	var got []string
	for _, e := range Builtin().Exchanges() {
		got = append(got, e.Key)
		if e.EN == "" || e.JA == "" || len(e.Sources) == 0 || len(e.ReadOn) != 10 {
			t.Errorf("%s: incomplete: %+v", e.Key, e)
		}
		for _, name := range []string{e.Key, e.EN, e.JA} {
			if f, ok := Builtin().Lookup(name); !ok || f.Key != e.Key {
				t.Errorf("Lookup(%q) = %q, %v", name, f.Key, ok)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"BitBank": "bitbank", "ビットバンク": "bitbank", "ﾋﾞｯﾄﾊﾞﾝｸ": "bitbank", "bitbank.cc": "bitbank",
		"BINANCE": "binance", "binance japan": "binance-japan", "GMOコイン": "gmo-coin", "mtgox": "",
	} {
		if e, ok := Builtin().Lookup(name); e.Key != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v", name, e.Key, ok)
		}
	}
	if near := Builtin().Near("krakn"); !slices.Equal(near, []string{"kraken"}) {
		t.Errorf("near %q", near)
	}
}

func TestLooksLike(t *testing.T) {
	for _, c := range []struct {
		exchange, of, id string
		want             bool
	}{
		{"bitbank", Order, "90000000001", true},
		{"bitbank", Order, "JRF20150707-050237-639234", false},
		{"bitbank", Order, "", false},
		{"bitflyer", Order, "JRF20150707-050237-639234", true},
		{"bitflyer", Order, " JOR20150707-084549-022519 ", true},
		{"bitflyer", Order, "90000000001", false},
		{"bitflyer", Transfer, "CWD20151224-014040-077777", true},
		{"binance", Transfer, "b6ae22b3aa844210a7041aee7589627c", true},
		{"binance", Transfer, "769800519366885376", true},
		{"binance", Transfer, "b6ae22b3", false},
		{"kraken", Order, "OQCLML-BW3P3-BUCMWZ", true},
		{"kraken", Order, "oqclml-bw3p3-bucmwz", false},
		{"bybit", Order, "anything: no shape is known", true},
		{"kraken", Transfer, "no shape is known", true},
	} {
		e, _ := Builtin().Lookup(c.exchange)
		if got := e.LooksLike(c.of, c.id); got != c.want {
			t.Errorf("%s: %s %q looks right: %v", c.exchange, c.of, c.id, got)
		}
	}
}

func TestOwnExchange(t *testing.T) {
	c, err := Load(fstest.MapFS{"mine.toml": {Data: []byte("en = \"Mine\"\n[[id]]\nof = \"order\"\npattern = '('\nsource = \"x\"")}})
	if err == nil || !strings.Contains(err.Error(), `"mine.toml": pattern "("`) {
		t.Errorf("error %v", err)
	}
	if e, ok := c.Lookup("mine"); !ok || e.Name("ja") != "Mine" || !e.LooksLike(Order, "?") {
		t.Errorf("own exchange: %+v, %v", e, ok)
	}
}
