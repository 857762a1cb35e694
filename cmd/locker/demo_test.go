package main

import (
	"bytes"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
)

func TestDemoScreens(t *testing.T) {
	screens := demoScreens()
	first, err := drawDemoScreens(screens)
	if err != nil {
		t.Fatal(err)
	}
	second, err := drawDemoScreens(screens)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != len(demoCaptions(func(ja, _ string) record.Text { return record.Text(ja) })) {
		t.Error("a screen without a caption, or the other way round")
	}
	for i, s := range screens {
		if !bytes.Equal(first[i], second[i]) {
			t.Errorf("%s: differs when drawn again", s.file)
		}
		c, err := png.DecodeConfig(bytes.NewReader(first[i]))
		if err != nil || c.Width != 1920 || c.Height != 1080 {
			t.Errorf("%s: %d×%d, %v", s.file, c.Width, c.Height, err)
		}
		if !strings.HasPrefix(s.url, demoHost) || s.clock == "" || s.title == "" {
			t.Errorf("%s: no URL, clock or title", s.file)
		}
		width := 0
		for _, col := range s.columns {
			width += col.width
		}
		if width > demoWidth-2*demoMargin {
			t.Errorf("%s: table is %d pixels wide", s.file, width)
		}
		for _, row := range s.rows {
			if len(row) != len(s.columns) {
				t.Errorf("%s: row %q does not fit the columns", s.file, row)
			}
		}
	}
}

// The facts of the demo are such as `add` would take.
func TestDemoFacts(t *testing.T) {
	text := func(ja, en string) record.Text { return record.Text(ja + en) }
	facts := append(demoPerson(text), demoFacts(text)...)
	for _, f := range facts {
		known := record.FieldsOf(f.Type)
		for name, v := range f.Fields {
			if !slices.ContainsFunc(known, func(k record.Field) bool { return k.Name == name }) {
				t.Errorf("%s has no field %q", f.Type, name)
			}
			if a, ok := v.(record.Amount); ok && a.Quantity == "" {
				t.Errorf("%s.%s: not an amount: %q", f.Type, name, a.Raw)
			}
			if name == "kind" {
				if _, ok := playbook.Builtin().Lookup(v.String()); !ok && f.Type == "incident" {
					t.Errorf("unknown kind %q", v)
				}
			}
			if name == "exchange" {
				if _, ok := exchange.Builtin().Lookup(v.String()); !ok {
					t.Errorf("unknown exchange %q", v)
				}
			}
		}
	}
}

func TestDemo(t *testing.T) {
	crypto.TestOnlyScryptWorkFactor(10)
	t.Cleanup(func() { crypto.TestOnlyScryptWorkFactor(0) })
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	for _, lang := range []string{"ja", "en"} {
		dir := filepath.Join(t.TempDir(), "見本 demo")
		e, out := systemEnv(), &bytes.Buffer{}
		e.stdout, e.stderr = out, io.Discard
		e.ui = newUI(e, "en")
		e.line = &commandLine{}
		if lang == "en" { // it needs no home folder
			e.home, e.getenv = "", func(string) string { return "" }
		}
		if err := runDemo(t.Context(), e, demoOptions{dir: dir, lang: lang}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"vault.locker", "passphrase.txt", "demo-support-" + lang + ".pdf", "demo-police-" + lang + ".pdf", "screens/01_出金履歴.png"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !strings.Contains(out.String(), demoPassphrase) || !strings.Contains(out.String(), filepath.Join(dir, "demo-police-"+lang+".pdf")) {
			t.Errorf("output:\n%s", out)
		}
		v, err := locker.Verify(t.Context(), filepath.Join(dir, "vault.locker"), locker.Options{}, func() (string, error) { return demoPassphrase, nil }, nil)
		if err != nil || len(v.Faults) > 0 || !v.Unlocked {
			t.Errorf("demo vault: %+v, %v", v, err)
		}
		if err := runDemo(t.Context(), e, demoOptions{dir: dir, lang: lang}); err == nil {
			t.Error("a folder that is not empty is taken")
		}
	}
	for _, v := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
		if left, err := os.ReadDir(os.Getenv(v)); err != nil || len(left) > 0 {
			t.Errorf("the demo touched %s: %v, %v", v, left, err)
		}
	}
}
