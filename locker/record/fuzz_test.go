package record_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

// FuzzRecord: what Parse takes, Marshal gives back byte for byte.
func FuzzRecord(f *testing.F) {
	for _, r := range samples() {
		b, err := r.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.TrimRight(b, " "))
	}
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"V":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b)%record.Block != 0 { // a fuzzer seldom finds the padding
			b = append(bytes.TrimRight(b, " "), bytes.Repeat([]byte{' '}, record.Block-len(bytes.TrimRight(b, " "))%record.Block)...)
		}
		r, err := record.Parse(b)
		if err != nil {
			if r != nil {
				t.Fatalf("a record with error %v: %+v", err, r)
			}
			return
		}
		again, err := r.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%v\nin  %s\nout %s", err, b, again)
		}
	})
}

// FuzzValues: what goes into a record comes out of it, whatever its bytes.
func FuzzValues(f *testing.F) {
	f.Add("plain", "two", "0.5 BTC", int64(7), int64(1700000000123456789), 540)
	f.Add("\x00\xff\xfe", "\x83e\x83X\x83g", "\u2028<&>", int64(-1), int64(0), -60)
	f.Add(`{"b64":"AA=="}`, `","x":"`, "\u200d\U0001F600", int64(1<<53-1), int64(-1), 0)
	f.Fuzz(func(t *testing.T, a, b, c string, n, nanos int64, minutes int) {
		const most = 1<<53 - 1
		at := time.Unix(0, nanos).In(time.FixedZone("", minutes%(14*60)*60))
		in := sample(record.Note, record.Fields{
			"text": record.Text(a), "list": record.List{record.Text(b), record.Text(a)},
			"raw": record.Amount{Raw: c}, "n": record.Int(n % most), "at": record.Time{At: at, Raw: b},
			"name": record.FileName{OS: "linux", Name: record.Text(c)},
		})
		in.Device.Host = c
		bytes1, err := in.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		out, err := record.Parse(bytes1)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range in.Fields {
			got := out.Fields[name]
			if w, ok := want.(record.Time); ok {
				if g, ok := got.(record.Time); !ok || !g.At.Equal(w.At) || g.Raw != w.Raw {
					t.Errorf("%s: %#v, want %#v", name, got, want)
				}
			} else if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %#v, want %#v", name, got, want)
			}
		}
		if out.Device.Host != c {
			t.Errorf("host %q, want %q", out.Device.Host, c)
		}
	})
}

// FuzzLeaf: what ParseLeaf takes, Marshal gives back.
func FuzzLeaf(f *testing.F) {
	for _, s := range leaves {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := record.ParseLeaf(s)
		if err != nil {
			if l != nil {
				t.Fatalf("a leaf with error %v: %+v", err, l)
			}
			return
		}
		if again := l.Marshal(); again != s {
			t.Fatalf("in  %q\nout %q", s, again)
		}
	})
}

// FuzzCheckpoint: what ParseCheckpoint takes, Marshal gives back.
func FuzzCheckpoint(f *testing.F) {
	f.Add(checkpoint)
	f.Add(strings.Replace(checkpoint, "from 3", "from 03", 1))
	f.Fuzz(func(t *testing.T, s string) {
		c, err := record.ParseCheckpoint(s)
		if err != nil {
			if c != (record.Checkpoint{}) {
				t.Fatalf("a checkpoint with error %v: %+v", err, c)
			}
			return
		}
		if again := c.Marshal(); again != s {
			t.Fatalf("in  %q\nout %q", s, again)
		}
		if c.From < 0 || c.From >= c.Size {
			t.Fatalf("%+v", c)
		}
	})
}

// FuzzCanonical: the canonical form means what the input meant to a standard
// reader, and is its own canonical form.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		`{"b":[1,-2,true,false,null,"x"],"a":{}}`, ` { "a" : "\u0041\ud83d\ude00\/\b" } `, `[[[[[[[[1]]]]]]]]`,
		`"` + "\u2028\x7f" + `"`, `1e3`, `{"a":1,"a":2}`, `{"A":1}`, `"\ud800"`, `-0`, `01`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := record.Canonical(src)
		if err != nil {
			if out != nil {
				t.Fatalf("%q with error %v", out, err)
			}
			return
		}
		if again, err := record.Canonical(out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q is not its own canonical form: %q, %v", out, again, err)
		}
		decode := func(b []byte) (v any) {
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			return v
		}
		if a, b := decode(src), decode(out); !reflect.DeepEqual(a, b) {
			t.Fatalf("%q means %v, %q means %v", src, a, out, b)
		}
	})
}

var quantity = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// FuzzAmount: a quantity is a plain decimal of bounded length that reads as
// itself, and Raw is always what came in.
func FuzzAmount(f *testing.F) {
	for _, a := range amounts {
		f.Add(a.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := record.ParseAmount(s)
		if a.Raw != s {
			t.Fatalf("raw %q of %q", a.Raw, s)
		}
		if !ok {
			if a.Quantity != "" || a.Asset != "" {
				t.Fatalf("%+v, and not read", a)
			}
			return
		}
		if !quantity.MatchString(a.Quantity) || len(a.Quantity) > 4000 {
			t.Fatalf("quantity %q of %q", a.Quantity, s)
		}
		again, ok := record.ParseAmount(a.String())
		if !ok || again.Quantity != a.Quantity || again.Asset != a.Asset {
			t.Fatalf("%q gives %q and %q; they give %+v, %v", s, a.Quantity, a.Asset, again, ok)
		}
	})
}

// FuzzTime: a time has one spelling.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-11-22T14:03:00+09:00", "2026-11-22T14:03:00.123456789-00:30", "2026-11-22T14:03:00Z", "2026-11-22T14:03:00.10+09:00", "2026-11-22T14:03:00,5+09:00", "0000-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999999+23:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := record.ParseTime(s)
		if err != nil {
			if !at.IsZero() {
				t.Fatalf("%v with error %v", at, err)
			}
			return
		}
		if again := record.FormatTime(at); again != s {
			t.Fatalf("in %q, out %q", s, again)
		}
	})
}
