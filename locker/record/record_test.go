package record_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

const (
	id32 = "00112233445566778899aabbccddeeff"
	id64 = id32 + id32
	hash = "sha256:" + id64
)

// sample is a whole record around a body.
func sample(typ record.Type, body record.Fields) *record.Record {
	return &record.Record{
		Vault: id32, ID: id32, Seq: 7, Salt: id64, Type: typ, Incident: 1, IncidentID: id32,
		RecordedAt: time.Date(2026, 11, 22, 14, 3, 0, 123e6, time.FixedZone("", 9*3600)),
		Clock:      record.Clock{Zone: "Asia/Tokyo"},
		Device:     record.Device{OS: "linux", Arch: "amd64", Host: "host"},
		Tool:       record.Tool{Name: "locker", Version: "1"}, Fields: body,
	}
}

func samples() []*record.Record {
	yes := true
	full := sample(record.Evidence, record.Fields{
		"name": record.Text("画面.png"), "name_raw": record.FileName{OS: "linux", Name: "\x89\xe6.png"},
		"at": record.Time{At: time.Unix(1, 5).UTC(), Raw: "just now"}, "note": record.Text("\x00\x1f\"\\\u2028"),
	})
	full.Objects = []record.Object{{ID: id32, Size: 5}}
	full.Clock.Synchronised = &yes
	money := sample(record.Loss, record.Fields{
		"amount": record.Amount{Raw: "0.5 BTC", Quantity: "0.5", Asset: "BTC"}, "value": record.Amount{Raw: "much"},
		"seqs": record.List{"1", "\xff"}, "empty": record.List{}, "n": record.Int(-3), "later": record.Other(`{"zz":[null,true]}`),
	})
	person := sample("newtype", nil)
	person.Incident, person.IncidentID = 0, ""
	return []*record.Record{full, money, person}
}

func TestRecordRoundTrip(t *testing.T) {
	for _, in := range samples() {
		b, err := in.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if len(b)%record.Block != 0 {
			t.Errorf("%d bytes are no multiple of %d", len(b), record.Block)
		}
		out, err := record.Parse(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		again, err := out.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v\n%s\n%s", err, b, again)
		}
		if out.Type != in.Type || len(out.Fields) != len(in.Fields) {
			t.Errorf("%+v", out)
		}
	}
}

// Every edit of a good record is another spelling, another version, or no
// record, and never taken as it stands.
func TestRecordRefused(t *testing.T) {
	b, err := samples()[1].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	good := string(bytes.TrimRight(b, " "))
	pad := func(s string) []byte {
		return []byte(s + strings.Repeat(" ", (record.Block-len(s)%record.Block)%record.Block))
	}
	if _, err := record.Parse(pad(good)); err != nil {
		t.Fatalf("control: %v", err)
	}
	edit := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"key twice":                  edit(`"v":1`, `"v":1,"v":1`),
		"key twice, other case":      edit(`"v":1`, `"V":1,"v":1`),
		"key of another case":        edit(`"vault"`, `"Vault"`),
		"keys out of order":          edit(`"v":1,"vault":"`+id32+`"`, `"vault":"`+id32+`","v":1`),
		"unknown member":             edit(`"v":1`, `"v":1,"zzz":1`),
		"member missing":             edit(`"seq":7,`, ``),
		"member null":                edit(`"seq":7`, `"seq":null`),
		"number spelled as float":    edit(`"seq":7`, `"seq":7.0`),
		"number with exponent":       edit(`"seq":7`, `"seq":7e0`),
		"number with a zero":         edit(`"seq":7`, `"seq":07`),
		"number with a plus":         edit(`"seq":7`, `"seq":+7`),
		"negative zero":              edit(`"n":-3`, `"n":-0`),
		"number over 2^53":           edit(`"n":-3`, `"n":9007199254740992`),
		"number as text":             edit(`"seq":7`, `"seq":"7"`),
		"genesis number":             edit(`"seq":7`, `"seq":0`),
		"negative incident":          edit(`"incident":1`, `"incident":-1`),
		"no incident, but its id":    edit(`"incident":1`, `"incident":0`),
		"version 0":                  edit(`"v":1`, `"v":0`),
		"version text":               edit(`"v":1`, `"v":"1"`),
		"white space":                edit(`,"v":1`, `, "v":1`),
		"newline at the end":         good + "\n",
		"escape not needed":          edit(`"linux"`, `"\u006cinux"`),
		"escaped slash":              edit(`Asia/Tokyo`, `Asia\/Tokyo`),
		"upper-case hex":             edit(id32, strings.ToUpper(id32)),
		"short id":                   edit(id32, id32[2:]),
		"short salt":                 edit(id64, id32),
		"time in Z":                  edit("+09:00", "Z"),
		"time without milliseconds":  edit(".123", ""),
		"time with microseconds":     edit(".123", ".123000"),
		"time on 31 February":        edit("2026-11-22", "2026-02-31"),
		"type not a word":            edit(`"type":"loss"`, `"type":"Loss"`),
		"empty zone":                 edit("Asia/Tokyo", ""),
		"null clock":                 edit(`"clock":{"zone":"Asia/Tokyo"}`, `"clock":null`),
		"body a list":                edit(`"body":{`, `"body":[`),
		"empty objects":              edit(`"os":"linux"}`, `"os":"linux"},"objects":[]`),
		"host b64 of valid text":     edit(`"host":"host"`, `"host":{"b64":"aG9zdA=="}`),
		"two values":                 good + good,
		"nothing":                    "",
		"only spaces":                strings.Repeat(" ", 512),
		"nested too deeply":          edit(`"n":-3`, `"n":`+strings.Repeat("[", 9)+strings.Repeat("]", 9)),
		"very deep":                  edit(`"n":-3`, `"n":`+strings.Repeat("[", 100000)+strings.Repeat("]", 100000)),
		"half a surrogate pair":      edit(`"host":"host"`, `"host":"\ud800"`),
		"bytes that are not UTF-8":   edit(`"host":"host"`, "\"host\":\"\xff\""),
		"control character":          edit(`"host":"host"`, "\"host\":\"\x01\""),
		"field name with upper case": edit(`"n":-3`, `"N":-3`),
	} {
		r, err := record.Parse(pad(text))
		if !errors.Is(err, record.ErrMalformed) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	for name, b := range map[string][]byte{
		"no padding":           []byte(good),
		"padding of a block":   append(pad(good), bytes.Repeat([]byte{' '}, record.Block)...),
		"padding of NULs":      []byte(strings.ReplaceAll(string(pad(good)), "  ", "\x00\x00")),
		"over the limit":       bytes.Repeat([]byte{' '}, record.MaxSize+record.Block),
		"one byte short":       pad(good)[1:],
		"padding at the start": append(bytes.Repeat([]byte{' '}, len(pad(good))-len(good)), good...),
	} {
		if r, err := record.Parse(b); !errors.Is(err, record.ErrMalformed) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if r, err := record.Parse(pad(`{"v":2,"what":"ever"}`)); !errors.Is(err, record.ErrNewer) || r != nil {
		t.Errorf("newer version: %v, %v", r, err)
	}
}

// A form that is not known is kept as it is and given out again.
func TestUnknownKept(t *testing.T) {
	for _, raw := range []string{
		`null`, `true`, `{}`, `[1]`, `["x",null]`, `{"b64":"AA=="}`, `{"b64":"aGk="}`, `{"b64":"_w=="}`, `{"b64":"/w"}`, `{"b64":"/x=="}`,
		`{"b64":"/w==","x":1}`, `{"at":"2026-11-22T14:03:00Z"}`, `{"at":"2026-11-22T14:03:00+09:00","raw":""}`,
		`{"asset":"BTC","raw":"x"}`, `{"quantity":"1","raw":"x"}`, `{"name":"x"}`, `{"zz":"x"}`,
	} {
		in := sample(record.Note, record.Fields{"f": record.Other(raw)})
		b, err := in.Marshal()
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		out, err := record.Parse(b)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if o, ok := out.Fields["f"].(record.Other); !ok || string(o) != raw {
			t.Errorf("%s came out as %#v", raw, out.Fields["f"])
		}
	}
}

var amounts = []struct{ in, quantity, asset string }{
	{"0.5 BTC", "0.5", "BTC"},
	{"0.5BTC", "0.5", "BTC"},
	{"BTC 0.5", "0.5", "BTC"},
	{"0.50 BTC", "0.50", "BTC"},
	{"-5.5E-7 BTC", "-0.00000055", "BTC"},
	{"1e3JPY", "1000", "JPY"},
	{"5EUR", "5", "EUR"},
	{"1,000 JPY", "1000", "JPY"},
	{"1,234,567.89 JPY", "1234567.89", "JPY"},
	{"¥1,000", "1000", "¥"},
	{"￥１，０００", "1000", "¥"},
	{"100円", "100", "円"},
	{"+7", "7", ""},
	{"0", "0", ""},
	{"5 1INCH", "5", "1INCH"},
	{strings.Repeat("1234567890", 4) + " SHIB", strings.Repeat("1234567890", 4), "SHIB"},
	{"0." + strings.Repeat("0", 39) + "1 ETH", "0." + strings.Repeat("0", 39) + "1", "ETH"},
	{"1,00 JPY", "", ""},
	{"10,0000 JPY", "", ""},
	{",100 JPY", "", ""},
	{"1,000.5,0 JPY", "", ""},
	{"1.000,50 EUR", "", ""},
	{"1.2.3 BTC", "", ""},
	{"--1 BTC", "", ""},
	{"1- BTC", "", ""},
	{"- BTC", "", ""},
	{"0x10", "", ""},
	{"1_000", "", ""},
	{"1e999999999 BTC", "", ""},
	{"1e-999999999 BTC", "", ""},
	{strings.Repeat("9", 5000), "", ""},
	{"BTC 0.5 ETH", "", ""},
	{"half a coin", "", ""},
	{"NaN BTC", "", ""},
	{"Infinity", "", ""},
	{"", "", ""},
	{"0.5 BTC\n0.6", "", ""},
	{"0.5 \xff", "", ""},
	// Compatibility forms that change the number are no digits.
	{"10² JPY", "", ""},
	{"1⁰ BTC", "", ""},
	{"①0 BTC", "", ""},
	{"1½ BTC", "", ""},
}

func TestAmount(t *testing.T) {
	for _, a := range amounts {
		got, ok := record.ParseAmount(a.in)
		if want := (record.Amount{Raw: a.in, Quantity: a.quantity, Asset: a.asset}); got != want || ok != (a.quantity != "") {
			t.Errorf("%.60q: %+v, %v", a.in, got, ok)
		}
	}
}

var leaves = []string{
	"evidence-locker/genesis/v1\nseq 0\nvault " + id32 + "\ncreated 2026-11-22T14:03:00.000+09:00\nkey 1 " + hash + " " + hash + "\nowner o\ndevice d\n",
	"evidence-locker/record/v1\nseq 1\nincident 0\nsealed " + hash + "\nopened " + hash + "\n",
	"evidence-locker/record/v1\nseq 41\nincident 3\nsealed " + hash + "\nopened " + hash + "\nobject " + id32 + " 5 " + hash + "\nobject " + id32 + " 6 " + hash + "\nkey 1 " + hash + " " + hash + "\nlater x y\n",
	"evidence-locker/record/v1\nseq 7\nincident 0\nsealed " + hash + "\nopened " + hash + "\ndevice d\n",
	"evidence-locker/record/v1\nseq 8\nincident 0\nsealed " + hash + "\nopened " + hash + "\nkey 1 " + hash + " " + hash + "\ndevice d\nlater x\n",
}

func TestLeaf(t *testing.T) {
	for _, s := range leaves {
		l, err := record.ParseLeaf(s)
		if err != nil || l.Marshal() != s {
			t.Errorf("%v\n%s", err, s)
		}
	}
	good := leaves[2]
	edit := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, s := range map[string]string{
		"empty":                   "",
		"only a newline":          "\n",
		"no newline at the end":   strings.TrimSuffix(good, "\n"),
		"empty line at the end":   good + "\n",
		"carriage returns":        strings.ReplaceAll(good, "\n", "\r\n"),
		"other first line":        edit("evidence-locker/record", "evidence-locker/recerd"),
		"genesis with seq 1":      strings.Replace(leaves[0], "seq 0", "seq 1", 1),
		"record with seq 0":       edit("seq 41", "seq 0"),
		"number with a zero":      edit("seq 41", "seq 041"),
		"number with a sign":      edit("seq 41", "seq +41"),
		"negative number":         edit("incident 3", "incident -3"),
		"number over 64 bits":     edit("seq 41", "seq 99999999999999999999"),
		"two spaces":              edit("seq 41", "seq  41"),
		"space at the end":        edit("seq 41", "seq 41 "),
		"tab":                     edit("seq 41", "seq\t41"),
		"lines swapped":           edit("seq 41\nincident 3", "incident 3\nseq 41"),
		"line missing":            edit("incident 3\n", ""),
		"line twice":              edit("incident 3\n", "incident 3\nincident 3\n"),
		"object after the key":    good + "object " + id32 + " 5 " + hash + "\n",
		"key twice":               edit("key 1 ", "key 1 "+hash+" "+hash+"\nkey 1 "),
		"device before the key":   edit("key 1 ", "device d\nkey 1 "),
		"device before a file":    edit("object "+id32+" 6", "device d\nobject "+id32+" 6"),
		"device after later":      good + "device d\n",
		"device twice":            edit("later", "device d\ndevice e\nlater"),
		"device without a key":    edit("later", "device\nlater"),
		"device with no word":     edit("later", "device \nlater"),
		"device with two keys":    edit("later", "device d e\nlater"),
		"upper-case hash":         edit(hash, "sha256:"+strings.ToUpper(id64)),
		"hash of another kind":    edit(hash, "sha512:"+id64),
		"short hash":              edit(hash, "sha256:"+id32),
		"unknown word not lower":  edit("later", "Later"),
		"unknown word before":     edit("sealed", "later x\nsealed"),
		"longer than any":         good + "later " + strings.Repeat("x", 1<<20) + "\n",
		"NUL":                     edit("later", "\x00later"),
		"genesis, created in Z":   strings.Replace(leaves[0], "+09:00", "Z", 1),
		"genesis without a key":   strings.Replace(leaves[0], "key 1 "+hash+" "+hash+"\n", "", 1),
		"genesis, device missing": strings.Replace(leaves[0], "device d\n", "", 1),
		"later version of v1":     edit("record/v1", "record/v1 "),
	} {
		if l, err := record.ParseLeaf(s); !errors.Is(err, record.ErrMalformed) || l != nil {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	if l, err := record.ParseLeaf(edit("record/v1", "record/v2")); !errors.Is(err, record.ErrNewer) || l != nil {
		t.Errorf("newer leaf: %v, %v", l, err)
	}
}

const checkpoint = "evidence-locker/" + id32 + "\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nfrom 3\n"

func TestCheckpoint(t *testing.T) {
	if c, err := record.ParseCheckpoint(checkpoint); err != nil || c.Size != 5 || c.From != 3 || c.Marshal() != checkpoint {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, e := range [][2]string{
		{"\n5\n", "\n05\n"}, {"\n5\n", "\n+5\n"}, {"\n5\n", "\n3\n"}, {"\n5\n", "\n0\n"}, {"from 3", "from -1"}, {"from 3", "from 5"}, {"from 3", "from 3 "},
		{"from 3\n", "from 3"}, {"from 3\n", ""}, {"from 3\n", "from 3\nmore\n"}, {"=\n", "\n"}, {"AAA=", "AAB="}, {"AAA=", "AA=="}, {id32, strings.ToUpper(id32)}, {id32, ""}, {"evidence-locker/", "x/"},
		{"\n5\n", "\n99999999999999999999\n"}, {"\n", "\r\n"},
	} {
		s := strings.Replace(checkpoint, e[0], e[1], 1)
		if c, err := record.ParseCheckpoint(s); err == nil || c != (record.Checkpoint{}) {
			t.Errorf("%q for %q: %+v, %v", e[1], e[0], c, err)
		}
	}
}

// The names that LookupField finds are those of FieldsOf, each once.
func TestFields(t *testing.T) {
	for _, typ := range record.Types() {
		seen := map[string]bool{}
		for _, f := range record.FieldsOf(typ) {
			if seen[f.Name] {
				t.Errorf("%s.%s stands twice", typ, f.Name)
			}
			seen[f.Name] = true
			gt, gf, ok := record.LookupField(string(typ) + "." + f.Name)
			if !ok || gt != typ || gf != f {
				t.Errorf("%s.%s: %v %v %v", typ, f.Name, gt, gf, ok)
			}
			// A field name must be a key that a record can hold.
			if _, err := sample(typ, record.Fields{f.Name: record.Text("x")}).Marshal(); err != nil {
				t.Errorf("%s.%s: %v", typ, f.Name, err)
			}
		}
	}
	if _, _, ok := record.LookupField("incident.Title"); ok {
		t.Error("another case is found")
	}
}
