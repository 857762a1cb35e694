package locker_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// What a file says of itself goes into its record, and takes the place of
// nothing.
func TestDescribe(t *testing.T) {
	v, _ := newVault(t)
	content := func(n int) []byte { return bytes.Repeat([]byte("evidence"), n/8) }
	type call struct {
		name  string
		head  int
		whole bool
	}
	var calls []call
	var files []locker.File
	for _, f := range []struct {
		name string
		size int
		pipe bool
	}{{"small", 800, false}, {"middle", 2 << 20, false}, {"large", 6 << 20, false}, {"pipe", 800, true}, {"long pipe", 5 << 20, true}, {"panics", 80, false}, {"empty", 0, false}} {
		size := int64(f.size)
		if f.pipe {
			size = -1
		}
		files = append(files, locker.File{
			Name: f.name, Size: size, Modified: time.Unix(1, 0), Fields: record.Fields{"source": record.Text("the person")},
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content(f.size))), nil },
		})
	}
	got := map[string]record.Fields{}
	err := v.Add(t.Context(), locker.AddRequest{
		Files:    files,
		Recorded: func(r locker.Recorded) { got[r.File.Name] = r.Fact.Fields },
		Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
		Describe: func(mediaType, name string, head []byte, whole bool) record.Fields {
			calls = append(calls, call{name, len(head), whole})
			if !bytes.Equal(head, content(len(head))) {
				t.Errorf("%s: another head", name)
			}
			if name == "panics" {
				panic("a file that was made to do this")
			}
			return record.Fields{
				"taken": record.Text("2026:11:22"), "width": record.Int(3), "mail_to": record.List{"a"},
				"name": record.Text("lie"), "source": record.Text("lie"), "media_type": record.Text("lie/lie"), "modified": record.Text("lie"),
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]call{
		"small": {"small", 800, true}, "middle": {"middle", 1 << 20, false}, "large": {"large", 1 << 20, false},
		"pipe": {"pipe", 800, true}, "long pipe": {"long pipe", 1 << 20, false}, "panics": {"panics", 80, true}, "empty": {"empty", 0, true},
	}
	if len(calls) != len(want) {
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		if c != want[c.name] {
			t.Errorf("%+v, want %+v", c, want[c.name])
		}
	}
	for name := range want {
		f := got[name]
		if f["name"] != record.Text(name) || f["source"] != record.Text("the person") || f["media_type"] == record.Text("lie/lie") || f["modified"] == record.Text("lie") {
			t.Errorf("%s: what is known was replaced: %v", name, f)
		}
		if has := f["taken"] == record.Text("2026:11:22") && f["width"] == record.Int(3); has != (name != "panics") {
			t.Errorf("%s: %v", name, f)
		}
	}
	// And so it is read back.
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	in, err := v.Incident(t.Context(), k, 1)
	if err != nil || len(in.Records) != len(files) {
		t.Fatal(len(in.Records), err)
	}
	for _, r := range in.Records {
		if has := r.Fields["taken"] == record.Text("2026:11:22"); has != (r.Exhibit.Name != "panics") {
			t.Errorf("%s: %v", r.Exhibit.Name, r.Fields)
		}
	}
}
