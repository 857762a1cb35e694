package exchange

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestChannelsAreWhole(t *testing.T) {
	n, remarks := 0, 0
	for _, e := range Builtin().Exchanges() {
		check := func(r Remark, sources []ChannelSource) {
			if r.JA == "" || r.EN == "" || len(sources) == 0 {
				t.Errorf("%s: incomplete: %+v", e.Key, r)
			}
			for _, s := range sources {
				if s.Where == "" || rank(s.Grade) > 2 {
					t.Errorf("%s: source %+v", e.Key, s)
				}
			}
		}
		for _, c := range e.channels {
			n++
			if !slices.Contains(ChannelKinds(), c.Kind) || !slices.Contains([]Offered{Yes, No, Contradicted}, c.Offered) || rank(c.AddressGrade) > 2 && c.AddressGrade != "" {
				t.Errorf("%s: %+v", e.Key, c)
			}
			if c.Known() {
				check(Remark{JA: c.JA, EN: c.EN}, c.Sources)
			}
			if c.Offered == Contradicted || c.Contradiction.EN != "" {
				remarks++
				check(c.Contradiction, c.Sources)
			}
		}
		for _, r := range e.Contradictions {
			check(r, r.Sources)
		}
	}
	if n < 30 || remarks < 5 {
		t.Errorf("%d channels, %d contradictions", n, remarks)
	}
}

// No phone number, mail address or handle stands in the data, shown or not,
// that an official page does not confirm.
func TestNoUnconfirmedNumbers(t *testing.T) {
	number := regexp.MustCompile(`[\w.]*@[\w.]+|\+?\d{2,4}-\d{2,4}-\d{4}\b`)
	names, err := fs.Glob(files, "data/*.toml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var found []string
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, number.FindAllString(string(text), -1)...)
	}
	if !slices.Equal(found, []string{"03-6427-1521"}) {
		t.Errorf("numbers and addresses in the data: %q", found)
	}
}

func TestChannelOrder(t *testing.T) {
	kinds := func(exchange string, trouble ...string) (out []string) {
		e, _ := Builtin().Lookup(exchange)
		for _, c := range e.Channels(trouble...) {
			word := c.Kind
			if !c.Known() {
				word = "-" + word
			}
			out = append(out, word)
		}
		return out
	}
	for _, c := range []struct {
		exchange, trouble string
		want              []string
	}{
		{"bitbank", "theft", []string{"form", "fax", "-phone", "-chat", "-mail"}},
		{"bitbank", "outage", []string{"form", "fax", "status", "news", "social", "app", "-phone", "-chat", "-mail"}},
		{"bitflyer", "outage", []string{"help", "social", "status", "-chat"}},
		{"bitflyer", "mis-send", []string{"form", "-phone", "-chat"}},
		{"binance", "theft", []string{"freeze", "form", "chat", "-mail"}},
		{"kraken", "takeover", []string{"chat", "form", "help"}},
		{"binance-japan", "theft", nil},
	} {
		if got := kinds(c.exchange, c.trouble); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %q", c.exchange, c.trouble, got)
		}
	}
	if all := kinds("bitbank"); len(all) != 10 {
		t.Errorf("all channels %q", all)
	}
}

// A number that only an article gives is not handed out, whoever's file it
// stands in; one that the exchange's own page gives is.
func TestUnconfirmedNumberIsHeldBack(t *testing.T) {
	file := func(kind, offered, grade string) string {
		return "en = \"X\"\n[[channel]]\nkind = \"" + kind + "\"\noffered = \"" + offered + "\"\naddress = \"0000\"\nsources = [{ where = \"x\", grade = \"" + grade + "\" }]"
	}
	for _, c := range []struct {
		kind, offered, grade string
		shown                bool
	}{
		{"phone", "yes", "seed", false}, {"phone", "yes", "official", true}, {"mail", "yes", "third-party", false}, {"fax", "contradicted", "official", false},
		{"form", "yes", "seed", true}, {"form", "contradicted", "seed", false}, {"form", "no", "official", false}, {"phone", "yes", "no such grade", false},
	} {
		cat, err := Load(fstest.MapFS{"x.toml": {Data: []byte(file(c.kind, c.offered, c.grade))}})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := cat.Lookup("x")
		if got := e.Channels(); len(got) != 1 || (got[0].Address != "") != c.shown {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	if e, _ := Builtin().Lookup("bitbank"); !strings.Contains(e.Channels("theft")[1].Address, "03-6427-1521") {
		t.Error("the number of the official complaints page is held back")
	}
}
