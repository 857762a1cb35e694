package report

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker/record"
)

// unfolded is a text without its line ends and blanks, which are where there was
// no more room.
func unfolded(s string) string { return strings.Join(strings.Fields(s), "") }

// oneAddress is an incident whose transfer and other party have an address.
func oneAddress(address string) *made {
	m := newMade()
	T := func(s string) record.Value { return record.Text(s) }
	m.add("incident", record.Fields{"exchange": T("bitbank"), "kind": T("theft")})
	m.add("transfer", record.Fields{"direction": T("out"), "network": T("BTC"), "amount": sum("0.05 BTC"),
		"from": record.List{btcAddress, record.Text(address)}, "to": T(address)})
	m.add("actor", record.Fields{"address": T(address)})
	return m
}

// A mistyped address stands as recorded in every document, and every time that
// it does the document says so; a right one is not marked.
func TestMistypedAddress(t *testing.T) {
	mistyped := btcAddress[:len(btcAddress)-1] + "7"
	for _, o := range forms() {
		words := map[string]string{"ja": "（チェックサム不一致。記録のまま）", "en": "(checksumdoesnotmatch;asrecorded)"}[o.Lang]
		text := unfolded(textOf(t, oneAddress(mistyped).Input, o))
		n := strings.Count(text, mistyped)
		if marked := strings.Count(text, words); n == 0 || marked != n {
			t.Errorf("%s %s: %d mistyped addresses, %d marks", o.For, o.Lang, n, marked)
		}
		if text := unfolded(textOf(t, oneAddress(btcAddress).Input, o)); !strings.Contains(text, btcAddress) || strings.Contains(text, strings.Trim(words, "（）()")) {
			t.Errorf("%s %s: a right address is marked, or missing", o.For, o.Lang)
		}
		r := mustBuild(t, oneAddress(mistyped).Input, o)
		if got := r.Warnings(); !reflect.DeepEqual(got, []Warning{{"wrong-address", []int64{11, 12}}}) {
			t.Errorf("%s %s: warnings %v", o.For, o.Lang, got)
		}
		if ws := mustBuild(t, oneAddress(btcAddress).Input, o).Warnings(); len(ws) != 0 {
			t.Errorf("%s %s: warnings of a right address: %v", o.For, o.Lang, ws)
		}
	}
}

// The forms for machines keep the address apart from what is wrong with it.
func TestMistypedAddressForMachines(t *testing.T) {
	mistyped := btcAddress[:len(btcAddress)-1] + "7"
	for address, wrong := range map[string]bool{mistyped: true, btcAddress: false} {
		r := mustBuild(t, oneAddress(address).Input, Options{For: "police", Lang: "ja"})
		var out strings.Builder
		if err := r.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		last := len(rows[0]) - 1
		if got := rows[1][slices.Index(rows[0], "to")]; got != address {
			t.Errorf("to is %q, want %q", got, address)
		}
		want := "to " + mistyped + "：チェックサム不一致。記録のまま\nfrom " + mistyped + "：チェックサム不一致。記録のまま"
		if has := rows[0][last] == "address_check"; has != wrong || has && rows[1][last] != want {
			t.Errorf("%s: last column %q is %q", address, rows[0][last], rows[1][last])
		}
		out.Reset()
		if err := r.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		type check struct{ Field, Value, Text string }
		type thing struct {
			Fields map[string]any
			Check  []check `json:"address_check"`
		}
		var doc struct{ Transfers, Actors []thing }
		if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
			t.Fatal(err)
		}
		var transfer, actor []check
		if wrong {
			why := "チェックサム不一致。記録のまま"
			transfer = []check{{"to", mistyped, why}, {"from", mistyped, why}}
			actor = []check{{"address", mistyped, why}}
		}
		if tr := doc.Transfers[0]; tr.Fields["to"] != address || !reflect.DeepEqual(tr.Check, transfer) {
			t.Errorf("transfer %v", tr)
		}
		if a := doc.Actors[0]; a.Fields["address"] != address || !reflect.DeepEqual(a.Check, actor) {
			t.Errorf("actor %v", a)
		}
	}
}

// What nothing but its length speaks against may be another network's.
func TestAddressOfUnknownNetwork(t *testing.T) {
	long := solAddress + "oo"
	for network, wrong := range map[string]bool{"": false, "Example Chain": false, "solana": true} {
		m := newMade()
		m.add("transfer", record.Fields{"to": record.Text(long), "network": record.Text(network)})
		if text := textOf(t, m.Input, Options{For: "ic3", Lang: "en"}); strings.Contains(unfolded(text), "notthelengthofanaddress;asrecorded") != wrong {
			t.Errorf("network %q: marked %v", network, !wrong)
		}
	}
}
