package exchange

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"evidence-locker/locker/datafile"
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
		looks, known     bool
	}{
		{"bitbank", Order, "90000000001", true, true},
		{"bitbank", Order, "JRF20150707-050237-639234", false, true},
		{"bitbank", Order, "", false, true},
		{"bitbank", Transfer, "00000000-0000-0000-0000-00000000000a", true, true},
		{"bitflyer", Order, "JRF20150707-050237-639234", true, true},
		{"bitflyer", Order, " JOR20150707-084549-022519 ", true, true},
		{"bitflyer", Order, "CWD20151224-014040-077777", true, true}, // its files have them in the column of order IDs
		{"bitflyer", Order, "90000000001", false, true},
		{"bitflyer", Transfer, "CWD20151224-014040-077777", true, true},
		{"bitflyer", Transfer, "00000000-0000-0000-0000-00000000000a", true, true},
		{"binance", Transfer, "b6ae22b3aa844210a7041aee7589627c", true, true},
		{"binance", Transfer, "769800519366885376", true, true},
		{"binance", Transfer, "b6ae22b3", false, true},
		{"kraken", Order, "OQCLML-BW3P3-BUCMWZ", true, true},
		{"kraken", Order, "oqclml-bw3p3-bucmwz", false, true},
		{"coincheck", Order, "12345678", true, true},
		{"gmo-coin", Order, "8000000001", true, true},
		{"gmo-coin", Order, "OQCLML-BW3P3-BUCMWZ", false, true},
		{"bybit", Order, "anything: no shape is known", false, false},
		{"kraken", Transfer, "no shape is known", false, false},
	} {
		e, _ := Builtin().Lookup(c.exchange)
		if looks, known := e.LooksLike(c.of, c.id); looks != c.looks || known != c.known {
			t.Errorf("%s: %s %q looks right: %v, known: %v", c.exchange, c.of, c.id, looks, known)
		}
	}
}

// Every shape says where it was seen.
func TestShapesHaveSources(t *testing.T) {
	builtin, err := fs.Sub(files, "data")
	if err != nil {
		t.Fatal(err)
	}
	all, err := datafile.Load[exchangeFile](builtin, nil)
	if err != nil {
		t.Fatal(err)
	}
	shapes := 0
	for key, f := range all {
		for _, id := range f.ID {
			shapes++
			if id.Source == "" || id.Of != Order && id.Of != Transfer {
				t.Errorf("%s: incomplete: %+v", key, id)
			}
		}
	}
	if shapes < 10 {
		t.Errorf("%d shapes", shapes)
	}
}

func TestOwnExchange(t *testing.T) {
	c, err := Load(fstest.MapFS{"mine.toml": {Data: []byte("en = \"Mine\"\n[[id]]\nof = \"order\"\npattern = '('\nsource = \"x\"")}})
	if err == nil || !strings.Contains(err.Error(), `"mine.toml": pattern "("`) {
		t.Errorf("error %v", err)
	}
	if e, ok := c.Lookup("mine"); !ok || e.Name("ja") != "Mine" || len(e.ids) > 0 {
		t.Errorf("own exchange: %+v, %v", e, ok)
	}
}
