package playbook

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// The first three lines of what is dangerous, as a frightened person reads
// them. They change only on purpose.
func TestFirstLines(t *testing.T) {
	for _, c := range []struct {
		kind   string
		ja, en [3]string
	}{
		{"takeover",
			[3]string{"別の安全な端末から口座停止を依頼", "パスワード変更（使い回し先も）", "二段階認証を設定・作り直し"},
			[3]string{"Ask to freeze the account, from a clean device", "Change the password (and reused ones)", "Set up or renew 2FA"}},
		{"theft",
			[3]string{"別の安全な端末から口座停止を依頼", "パスワード変更（使い回し先も）", "二段階認証を設定・作り直し"},
			[3]string{"Ask to freeze the account, from a clean device", "Change the password (and reused ones)", "Set up or renew 2FA"}},
		{"unauth-trade",
			[3]string{"取引履歴を保存", "取消・訂正が可能か窓口に聞く", "パスワード・二段階認証・APIキーを見直す"},
			[3]string{"Save the trade history", "Ask the desk if it can be cancelled or corrected", "Renew password, 2FA, API keys"}},
		{"mis-order",
			[3]string{"すぐ取消を試す（約定後は不可）", "注文番号・時刻・意図した内容を保存", "取消・訂正できるか急いで聞く"},
			[3]string{"Cancel at once (impossible once filled)", "Save order ID, time, intended order", "Ask quickly if it can be undone"}},
		{"mis-send",
			[3]string{"TxID・宛先・ネットワーク・タグを保存", "送った側の取引所へすぐ連絡", "受取側が取引所ならそちらにも"},
			[3]string{"Save TxID, address, network, tag", "Contact the sending exchange at once", "If an exchange received it, contact it too"}},
	} {
		k, ok := Builtin().Lookup(c.kind)
		if !ok || !k.Dangerous {
			t.Errorf("%s is not a dangerous kind", c.kind)
		}
		steps := Builtin().Steps(c.kind, "")
		for i := range 3 {
			if steps[i].Text("ja") != c.ja[i] || steps[i].Text("en") != c.en[i] {
				t.Errorf("%s, line %d: %q, %q", c.kind, i+1, steps[i].JA, steps[i].EN)
			}
		}
	}
	for _, k := range Builtin().Kinds() {
		if want := slices.Contains([]string{"takeover", "theft", "unauth-trade", "mis-order", "mis-send"}, k.Key); k.Dangerous != want {
			t.Errorf("%s: dangerous: %v", k.Key, k.Dangerous)
		}
	}
}

func keys(steps []Step) (out []string) {
	for _, s := range steps {
		out = append(out, s.Key)
	}
	return out
}

// Theft begins with all of takeover's steps in their order, by reference.
func TestTheftBeginsWithTakeover(t *testing.T) {
	takeover, theft := keys(Builtin().Steps("takeover", "")), keys(Builtin().Steps("theft", ""))
	if len(takeover) != 7 || len(theft) != 12 || !slices.Equal(theft[:7], takeover) || theft[7] != "theft/1" {
		t.Errorf("takeover %q, theft %q", takeover, theft)
	}
}

// Every step, wish and remark is whole, in both languages, and its sources are
// known.
func TestStepsAreWhole(t *testing.T) {
	b := Builtin()
	whole := func(where, ja, en string, sources []string) {
		if en == "" || !strings.ContainsFunc(ja, func(r rune) bool {
			return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
		}) {
			t.Errorf("%s: %q, %q", where, ja, en)
		}
		if len(sources) == 0 {
			t.Errorf("%s has no source", where)
		}
		for _, tag := range sources {
			s, ok := b.Source(tag)
			if !ok || s.Where == "" && tag != "ours" || s.JA == "" || s.EN == "" ||
				!slices.Contains([]string{"official", "seed", "lawyer", "third-party", "own"}, s.Grade) {
				t.Errorf("%s: source %q: %+v", where, tag, s)
			}
		}
	}
	n := 0
	for _, key := range b.files.Keys() {
		f, ok := b.files.Get(key)
		if err := b.dangling(key, f); !ok || err != nil {
			t.Errorf("%s cannot be read: %v", key, err)
		}
		seen := map[string]bool{}
		for _, s := range f.Step {
			for _, p := range s.Phases {
				if !slices.Contains(Phases(), p) {
					t.Errorf("%s: phase %q", key, p)
				}
			}
			if s.Of != "" {
				continue
			}
			n++
			whole(key+"/"+s.ID, s.JA, s.EN, s.Sources)
			if seen[s.ID] {
				t.Errorf("%s/%s stands twice", key, s.ID)
			}
			seen[s.ID] = true
			if got, ok := b.Step(key + "/" + s.ID); !ok || got.JA != s.JA {
				t.Errorf("%s/%s is not found", key, s.ID)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d steps", n)
	}
	for _, k := range b.Kinds() {
		if len(b.Steps(k.Key, "")) < 3 {
			t.Errorf("%s has %d steps", k.Key, len(b.Steps(k.Key, "")))
		}
		whole(k.Key+" wish", k.Wish.JA, k.Wish.EN, k.Wish.Sources)
		for _, c := range k.Contradictions {
			whole(k.Key+" contradiction", c.JA, c.EN, c.Sources)
		}
	}
	for _, name := range Lists() {
		l, ok := b.List(name)
		if !ok || l.JA == "" || l.EN == "" || len(b.Steps(name, "")) < 5 {
			t.Errorf("list %s: %+v", name, l)
		}
		if _, isKind := b.Lookup(name); isKind {
			t.Errorf("%s is a kind", name)
		}
	}
	if _, ok := b.Step("theft/99"); ok {
		t.Error("there is a step theft/99")
	}
	if got := keys(b.Always()); !slices.Equal(got, []string{"general/9", "general/10"}) {
		t.Errorf("always %q", got)
	}
}

func TestPhases(t *testing.T) {
	b := Builtin()
	base := b.Steps("outage", "")
	for phase, want := range map[string][]string{
		Trading:     {"outage/trading-1", "outage/trading-2", "outage/trading-3"},
		Depositing:  {"outage/transfer-1", "outage/transfer-2", "outage/transfer-3"},
		Withdrawing: {"outage/transfer-1", "outage/transfer-2", "outage/transfer-3"},
		API:         {"api/1", "api/2", "api/3", "api/4"},
		"nonsense":  nil,
	} {
		got := keys(b.Steps("outage", phase))
		if !slices.Equal(got[:len(base)], keys(base)) || !slices.Equal(got[len(base):], want) {
			t.Errorf("%s: %q", phase, got)
		}
	}
}

// A file of one's own may refer in a circle, to nothing, and leave out numbers.
func TestOwnSteps(t *testing.T) {
	b, err := Load(fstest.MapFS{
		"takeover.toml": {Data: []byte("ja = \"乗\"\nen = \"T\"\n[[step]]\nof = \"theft\"\n[[step]]\nja = \"あ\"\nen = \"a\"")},
		"rug.toml":      {Data: []byte("ja = \"出\"\nen = \"R\"\n[[step]]\nof = \"nothing\"")},
	})
	if err == nil || !strings.Contains(err.Error(), `"rug.toml": there are no steps of "nothing"`) {
		t.Errorf("error %v", err)
	}
	if got := keys(b.Steps("takeover", "")); len(got) != 6 || got[5] != "takeover/2" || got[0] != "theft/1" {
		t.Errorf("own steps %q", got)
	}
	if len(b.Steps("rug", "")) != 0 {
		t.Error("steps of nothing")
	}
}
