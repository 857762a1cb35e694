package playbook

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBuiltin(t *testing.T) {
	b := Builtin()
	if n := len(b.Kinds()); n != 18 {
		t.Fatalf("%d kinds", n)
	}
	for _, k := range b.Kinds() {
		if k.JA == "" || k.EN == "" || len(k.Sources) == 0 {
			t.Errorf("%s: incomplete: %+v", k.Key, k)
		}
		if !slices.Contains([]Police{PoliceNo, PoliceIfLarge, PoliceNotNamed}, k.Police) {
			t.Errorf("%s: police %q", k.Key, k.Police)
		}
		if !slices.Contains([]Clock{AtOnce, Wait, Repeat, Normal}, k.Clock) {
			t.Errorf("%s: clock %q", k.Key, k.Clock)
		}
		if k.Dangerous && k.Clock != AtOnce {
			t.Errorf("%s: dangerous, but not at once", k.Key)
		}
		for _, name := range []string{k.Key, k.JA, k.EN, strings.ToUpper(k.Key)} {
			if got, ok := b.Lookup(name); !ok || got.Key != k.Key {
				t.Errorf("Lookup(%q) = %q, %v", name, got.Key, ok)
			}
		}
	}
	if k := b.Kinds()[5]; k.Key != "theft" || k.Name("ja") != "不正出金・暗号資産の盗難" || k.Name("xx") != k.EN {
		t.Errorf("sixth kind: %+v", k)
	}
}

func TestLookup(t *testing.T) {
	b := Builtin()
	for name, want := range map[string]string{
		"不正出金": "theft", "ＴＨＥＦＴ": "theft", "Mis Order": "mis-order", "ﾌｨｯｼﾝｸﾞ": "phishing", "不正 アクセス": "takeover", "nothing": "",
	} {
		if k, ok := b.Lookup(name); k.Key != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v", name, k.Key, ok)
		}
	}
	if near := b.Near("theff"); !slices.Contains(near, "theft") {
		t.Errorf("near %q", near)
	}
	if near := b.Near("quantum"); near != nil {
		t.Errorf("near %q", near)
	}
}

func TestOwnKind(t *testing.T) {
	b, err := Load(fstest.MapFS{
		"rug.toml":   {Data: []byte("order = 99\nja = \"出口詐欺\"\nen = \"Exit scam\"")},
		"theft.toml": {Data: []byte("order = 6\nja = \"盗難\"\nen = \"Theft\"")},
		"bad.toml":   {Data: []byte("colour = 1")},
	})
	if err == nil || !strings.Contains(err.Error(), `"bad.toml": unknown key "colour"`) {
		t.Errorf("error %v", err)
	}
	if k, ok := b.Lookup("exit scam"); !ok || k.Key != "rug" || b.Kinds()[18].Key != "rug" {
		t.Errorf("own kind: %+v, %v", k, ok)
	}
	if k, _ := b.Lookup("theft"); k.JA != "盗難" {
		t.Errorf("own file does not win: %+v", k)
	}
}
