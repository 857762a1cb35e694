package report

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/crypto"

	"github.com/rivo/uniseg"
)

func testKeyPage(t *testing.T, lang string) KeyPage {
	t.Helper()
	k, err := crypto.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return KeyPage{Key: k.Text(), Vault: "0123456789abcdef0123456789abcdef", Lang: lang,
		Created: time.Date(2026, 11, 22, 14, 3, 0, 0, time.FixedZone("", 9*3600))}
}

// The page is one sheet. Its key is scanned and typed back, its commands are
// whole, in both languages.
func TestKeyPagePDF(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		p := testKeyPage(t, lang)
		var b bytes.Buffer
		if err := p.WritePDF(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := p.WritePDF(context.Background(), &again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: the same page has other bytes, %v", lang, err)
		}
		for _, name := range []string{"pdftotext", "pdftoppm", "pdfinfo", "zbarimg"} {
			if _, err := exec.LookPath(name); err != nil && os.Getenv("CI") == "" {
				t.Skipf("%s is not installed", name)
			}
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "page.pdf")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		tool := func(name string, args ...string) string {
			t.Helper()
			out, err := exec.Command(name, args...).Output()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return string(out)
		}
		if info := tool("pdfinfo", file); !strings.Contains(info, "Pages:           1\n") {
			t.Errorf("%s: %s", lang, info)
		}
		tool("pdftoppm", "-r", "120", "-png", "-singlefile", file, filepath.Join(dir, "page"))
		if got := tool("zbarimg", "-q", "--raw", filepath.Join(dir, "page.png")); got != p.Key+"\n" {
			t.Errorf("%s: the QR code is read otherwise", lang)
		}
		text := tool("pdftotext", "-layout", file, "-")
		var typed []string // the words of the key, as they stand on the page
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) > 0 && (words[0] == "AGE-SECRET-KEY-PQ-1" || len(typed) > 0 && len(typed) < 13) {
				typed = append(typed, words...)
			}
		}
		if k, err := crypto.ParseKey(strings.ToLower(strings.Join(typed, " "))); err != nil || k.Text() != p.Key {
			t.Errorf("%s: what is typed from %q is not the key: %v", lang, typed, err)
		}
		flat := strings.Join(strings.Fields(text), " ")
		for _, s := range p.sections() {
			for _, step := range s.steps {
				if !strings.Contains(flat, strings.Join(strings.Fields(step.command), " ")) {
					t.Errorf("%s: not on the page: %s", lang, step.command)
				}
			}
		}
		if !strings.Contains(flat, p.Vault) || !strings.Contains(flat, "2026-11-22 14:03 +09:00") {
			t.Errorf("%s: vault or date is missing:\n%s", lang, text)
		}
		_, warning := p.warning()
		if !strings.Contains(strings.Join(strings.Fields(text), ""), strings.Join(strings.Fields(warning), "")) {
			t.Errorf("%s: the warning is not whole:\n%s", lang, text)
		}
	}
}

// The text is a key file as it is; its lines fit a terminal.
func TestKeyPageText(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		p := testKeyPage(t, lang)
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if k, err := crypto.ParseKey(b.String()); err != nil || k.Text() != p.Key {
			t.Errorf("%s: it is no key file: %v", lang, err)
		}
		groups := ""
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			if w := uniseg.StringWidth(line); w > 80 {
				t.Errorf("%s: %d columns: %s", lang, w, line)
			}
			if !strings.HasPrefix(line, "#") && line != p.Key {
				t.Errorf("%s: no comment: %s", lang, line)
			}
			if rest, ok := strings.CutPrefix(line, "#   "); ok && len(groups) < len(p.Key) {
				groups += strings.ReplaceAll(rest, " ", "")
			}
		}
		if groups != p.Key {
			t.Errorf("%s: the groups are another key", lang)
		}
	}
}
