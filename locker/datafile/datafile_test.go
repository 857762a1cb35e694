package datafile

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

type thing struct {
	Name string
	N    int
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestOwnFileWins(t *testing.T) {
	builtin := fstest.MapFS{
		"a.toml":   file(`name = "a"`),
		"b.toml":   file("name = \"b\"\nn = 1"),
		"note.txt": file("not data"),
		"d/x.toml": file("broken"),
	}
	own := fstest.MapFS{"b.toml": file(`name = "mine"`), "c.toml": file(`name = "c"`)}
	got, err := Load[thing](builtin, own)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]thing{"a": {"a", 0}, "b": {"mine", 0}, "c": {"c", 0}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %v, want %v", k, got[k], v)
		}
	}
}

func TestUnknownKeyNamesFileAndKey(t *testing.T) {
	builtin := fstest.MapFS{"a.toml": file(`name = "a"`)}
	own := fstest.MapFS{"a.toml": file(`nam = "x"`), "b.toml": file(`name = "b"`)}
	got, err := Load[thing](builtin, own)
	if err == nil || err.Error() != `decoding data file "a.toml": unknown key "nam"` {
		t.Errorf("error %v", err)
	}
	if got["a"].Name != "a" || got["b"].Name != "b" {
		t.Errorf("a broken own file must leave the rest: %v", got)
	}
}

func TestBrokenFileIsNamed(t *testing.T) {
	for _, text := range []string{"name = ", "n = \"x\"", "name = \"a\"\nname = \"b\""} {
		_, err := Load[thing](fstest.MapFS{"bad.toml": file(text)}, nil)
		if err == nil || !strings.Contains(err.Error(), `"bad.toml"`) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestNoFolder(t *testing.T) {
	got, err := Load[thing](fstest.MapFS{"a.toml": file(`name = "a"`)}, os.DirFS(t.TempDir()+"/none"))
	if err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = Load[thing](badFS{}, nil)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v", err)
	}
}

type badFS struct{}

func (badFS) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestNames(t *testing.T) {
	var n Names
	n.Add("bitbank", "bitbank")
	n.Add("bitbank", "ビットバンク")
	n.Add("binance-japan", "Binance Japan")
	n.Add("binance", "Binance")
	n.Add("other", "Binance") // taken
	n.Add("other", " - ")     // nothing to find it by
	for name, want := range map[string]string{
		"BitBank": "bitbank", "ｂｉｔｂａｎｋ": "bitbank", "ﾋﾞｯﾄﾊﾞﾝｸ": "bitbank", " bit bank ": "bitbank",
		"binance_japan": "binance-japan", "BINANCE": "binance", "": "", "kraken": "", "\xff": "",
	} {
		if got, ok := n.Lookup(name); got != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v", name, got, ok)
		}
	}
	for name, want := range map[string][]string{
		"bitbnak": {"bitbank"}, "ビットバング": {"ビットバンク"}, "binanc": {"Binance", "Binance Japan"},
		"mtgox": nil, "": nil, strings.Repeat("x", 10000): nil,
	} {
		if got := n.Near(name); !slices.Equal(got, want) {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"add", "ad", 1}, {"report", "reprot", 1}, {"ビット", "ビツト", 1}, {"list", "show", 4},
	} {
		if got, back := Distance(c.a, c.b), Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q, %q: %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name = \"a\"\nn = 3"))
	f.Add([]byte("nam = 1"))
	f.Add([]byte("[[x]]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Decode[thing]("f.toml", text)
		if err != nil && v != (thing{}) {
			t.Errorf("error %v with %v", err, v)
		}
	})
}

func FuzzNear(f *testing.F) {
	f.Add("bitbank", "btibank")
	f.Add("ビットバンク", "\xff")
	f.Fuzz(func(t *testing.T, name, typed string) {
		var n Names
		n.Add("k", name)
		if _, ok := n.Lookup(name); ok != (Fold(name) != "") {
			t.Errorf("%q is not found by itself", name)
		}
		n.Near(typed)
	})
}
