package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/statement"

	"github.com/rivo/uniseg"
)

// importUI is an importing that speaks to buffers.
func importUI(o importOptions) (*importing, *bytes.Buffer) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 22, 14, 3, 0, 0, time.UTC)
	e := &env{stdout: io.Discard, stderr: &out, getenv: func(string) string { return "" }, now: func() locker.Stamp { return locker.Stamp{At: now, Zone: "UTC"} }}
	e.ui = newUI(e, "en")
	i := &importing{e: e, o: o, book: statement.Builtin()}
	i.choose(now)
	return i, &out
}

const withdrawal = "Time,Coin,Network,Amount,Fee,Address,TXID,Status\n26-11-03 02:14:09,BTC,BTC,0.05,0.0001,x,y,Completed\n"

// Rows are taken of those bytes only that were recorded.
func TestImportComparesBytes(t *testing.T) {
	for _, same := range []bool{true, false} {
		i, out := importUI(importOptions{})
		f := locker.File{Name: "a.csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(withdrawal)), nil }}
		r := i.reading(&f)
		i.readings = append(i.readings, r)
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if err != nil || string(got) != withdrawal {
			t.Fatalf("%q %v", got, err)
		}
		rc.Close()
		i.a = &adding{}
		if same {
			i.a.sums = [][32]byte{{}, r.sum}
		}
		facts := i.facts()
		i.tell(r)
		if same != (len(facts) == 1) || same == strings.Contains(out.String(), "is not what was recorded: it changed between") {
			t.Errorf("same bytes %v: %d rows\n%s", same, len(facts), out)
		}
	}
}

// A file is recorded to its end even where the reader of its rows breaks down.
func TestImportFaultyReader(t *testing.T) {
	i, out := importUI(importOptions{})
	i.book = nil
	f := locker.File{Name: "a.csv", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Repeat(withdrawal, 100000))), nil
	}}
	r := i.reading(&f)
	rc, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, rc); err != nil || n != int64(100000*len(withdrawal)) {
		t.Errorf("%d bytes, %v", n, err)
	}
	rc.Close()
	i.tell(r)
	if !strings.Contains(out.String(), `"a.csv" cannot be read: `) {
		t.Errorf("%s", out)
	}
}

// --until takes in the minute or day that it names.
func TestImportUntil(t *testing.T) {
	for until, want := range map[string]string{
		"":                    "0001-01-01 00:00:00 +00:00",
		"2026-11-01":          "2026-11-01 23:59:59.999 +00:00",
		"2026-11-01 09:00":    "2026-11-01 09:00:59.999 +00:00",
		"2026-11-01 09:00:30": "2026-11-01 09:00:30 +00:00",
		"11/1":                "",
	} {
		i, out := importUI(importOptions{until: until})
		if got := formatTime(i.request.Until); i.unclear != (want == "") || !i.unclear && got != want {
			t.Errorf("%q: %s, %v\n%s", until, got, i.unclear, out)
		}
	}
}

// Of many damaged lines the first are named, and the others counted.
func TestImportManyDamaged(t *testing.T) {
	i, out := importUI(importOptions{})
	r := &reading{name: "a.csv"}
	i.read(r, strings.NewReader(withdrawal+strings.Repeat("too,few\n", importNamed+7)))
	i.tell(r)
	if n := strings.Count(out.String(), "not as many cells as the header"); n != importNamed {
		t.Errorf("%d lines named\n%s", n, out)
	}
	if !strings.Contains(out.String(), `"a.csv": and 7 more such lines`) {
		t.Errorf("%s", out)
	}
	if len(r.rows) != 1 {
		t.Errorf("%d rows", len(r.rows))
	}
}

// A file with more rows than anybody wants in a report gives none unasked.
func TestImportTooMany(t *testing.T) {
	row := withdrawal[strings.Index(withdrawal, "\n")+1:]
	for n, taken := range map[int]int{importAll - 1: importAll, importAll: 0} {
		i, out := importUI(importOptions{})
		r := &reading{name: "a.csv", opened: true}
		i.read(r, strings.NewReader(withdrawal+strings.Repeat(row, n)))
		i.readings, i.a = []*reading{r}, &adding{sums: [][32]byte{{}}}
		if facts := i.facts(); len(facts) != taken {
			t.Errorf("%d rows: %d taken", n+1, len(facts))
		}
		i.tell(r)
		if said := strings.Contains(out.String(), "rows, none taken: without a choice at most 50 become records"); said == (taken > 0) {
			t.Errorf("%d rows:\n%s", n+1, out)
		}
	}
}

// The rows of every format fit a terminal, with all that tells them apart.
func TestImportTableWidth(t *testing.T) {
	names, err := filepath.Glob("../../locker/statement/testdata/sample/*")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, name := range names {
		if strings.HasSuffix(name, ".want") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for l := range catalogues {
			i, _ := importUI(importOptions{})
			i.e.ui.lang = l
			r := &reading{name: filepath.Base(name)}
			i.read(r, bytes.NewReader(data))
			if len(r.rows) == 0 {
				continue
			}
			lines := i.rowLines(r)
			all := strings.Join(lines, "\n")
			for _, line := range lines {
				if w := uniseg.StringWidth(line); w > helpWidth && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s %s: %d columns: %s", l, name, w, line)
				}
			}
			for _, row := range r.rows {
				shown++
				for c, column := range rowColumns {
					if s := i.cell(row, c); !column.flex && !strings.Contains(all, s) {
						t.Errorf("%s %s: no %q:\n%s", l, name, s, all)
					}
				}
			}
		}
	}
	if shown < 100 {
		t.Errorf("only %d rows", shown)
	}
}
