package statement

import "testing"

// What moves through banks is no transfer of coins.
func TestMoney(t *testing.T) {
	for asset, want := range map[string]bool{
		"JPY": true, " zeur ": true, "ZCAD": true, "AUD": true, "CHF": true, "円": true,
		"BTC": false, "XXBT": false, "ZEC": false, "USDT": false, "": false,
	} {
		if isMoney(asset) != want {
			t.Errorf("%q: %v", asset, !want)
		}
	}
}
