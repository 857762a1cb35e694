package chain

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/mr-tron/base58"
)

// vectors are addresses of specifications, and ones that were computed from a
// hash and belong to nobody.
var vectors = []struct {
	address string
	verdict Verdict
	on      []Network
}{
	{"1CcyRKKNypd3cp3kPP93FTQn7NKJXJ7KLz", Right, []Network{BTC}},
	{"3DJzLropXiwRhykBWUodg5miFtc25CAJ1P", Right, []Network{BTC, LTC}},
	{"bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86", Right, []Network{BTC}},
	{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", Right, []Network{BTC}}, // BIP-350
	{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Right, []Network{ETH}},                     // EIP-55
	{"0x7F7709e7Be23386468E93df05dA6313357edddCf", Right, []Network{ETH}},
	{"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", Right, []Network{XRP}}, // xrpl.org
	{"rUcyRKK4yFdscFskPP9sETQ8f4KJXJfKLz", Right, []Network{XRP}},
	{"X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", Right, []Network{XRP}}, // XRPLF/xrpl.js
	{"T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ", Right, nil},            // its test network
	{"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", Right, nil},                 // BIP-173, a test network
	{"9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3o", Formed, []Network{SOL}},
	{"TMbBRNh78Yjzmz7Nyenkmc6v2A4cmXSQKF", Right, []Network{TRX}},
	{"LWqvgXdD4Us6scjuZX8LXUUYKagafg26Ke", Right, []Network{LTC}},
	{"MKX8ekDnUqnrWV25cMnyVj27abCU97PBju", Right, []Network{LTC}},
	{"ltc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw03jy8l2", Right, []Network{LTC}},
	{"DGm4xaG2HEXL9pEM7y8boDaNzW3bv2X8JC", Right, []Network{DOGE}},
	{"A44F5hsibnpKcM7evcU3vDQ5xTz4DKFFRs", Right, []Network{DOGE}},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		for _, s := range []string{v.address, "  " + v.address + "\n"} {
			if r := Check(s); r.Verdict != v.verdict || r.Reason != NoReason || !slices.Equal(r.Networks, v.on) {
				t.Errorf("%q: %+v", s, r)
			}
		}
	}
}

// One sign changed, left out or put in is noticed wherever there is a checksum.
// Bech32 lets a q before a last p be put in or left out, which its text says;
// none of these addresses ends so. An Ethereum address that lost its only
// capital would pass; none here has only one.
func TestMistyped(t *testing.T) {
	const signs = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0OIl -"
	for _, v := range vectors {
		if v.verdict != Right {
			continue
		}
		noticed := func(s string) {
			t.Helper()
			if r := Check(s); s != v.address && strings.TrimSpace(s) != v.address && (r.Verdict == Right || r.Verdict == Formed) {
				t.Errorf("%q passes for %s: %+v", s, v.address, r)
			}
		}
		for i := range v.address {
			noticed(v.address[:i] + v.address[i+1:])
			for _, c := range signs {
				noticed(v.address[:i] + string(c) + v.address[i+1:])
				noticed(v.address[:i] + string(c) + v.address[i:])
			}
			if i > 0 {
				noticed(v.address[:i-1] + v.address[i:i+1] + v.address[i-1:i] + v.address[i+1:])
			}
		}
	}
}

func TestWrong(t *testing.T) {
	for _, c := range []struct {
		address string
		reason  Reason
		on      []Network
	}{
		{"1CcyRKKNypd3cp3kPP93FTQn7NKJXJ7KLy", Checksum, []Network{BTC}},
		{"1CcyRKKNypd3cp3kPP93FTQn7NKJXJ7KL", Checksum, []Network{BTC}},
		{"1CcyRKKNypd3cp3kPP93FTQn7NKJXJ7KL0", Sign, []Network{BTC}},
		{"3DJzLropXiwRhykBWUodg5miFtc25CAJ1Q", Checksum, []Network{BTC, LTC}},
		{"bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r87", Checksum, []Network{BTC}},
		{"bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7rb6", Sign, []Network{BTC}},
		{"bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w71r86", Sign, []Network{BTC}},
		{"bc1Q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86", Sign, []Network{BTC}},
		{"bc1q0amsnea7y", Checksum, []Network{BTC}},
		{"bc1q0ams", Length, []Network{BTC}},
		// BIP-350: the constant of the other encoding.
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", Checksum, []Network{BTC}},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", Checksum, []Network{BTC}},
		// BIP-350: a version that there is not, programs of the wrong length, too much padding.
		{"BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", Checksum, []Network{BTC}},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", Length, []Network{BTC}},
		{"bc1pw5dgrnzv", Length, []Network{BTC}},
		{"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", Length, []Network{BTC}},
		{"bc1gmk9yu", Length, []Network{BTC}},
		{"ltc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw03jy8l3", Checksum, []Network{LTC}},
		{"ltcmweb1qqtypedwithoutitschecksum", Sign, []Network{LTC}},
		{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", Checksum, []Network{ETH}},
		{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", Length, []Network{ETH}},
		{"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", Sign, []Network{ETH}},
		{"0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Sign, []Network{ETH}},
		{"0x5aAe...BeAed", Length, []Network{ETH}},
		{"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTx", Checksum, []Network{XRP}},
		{"XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXa", Checksum, []Network{XRP}}, // XRPLF/xrpl.js
		{"TMbBRNh78Yjzmz7Nyenkmc6v2A4cmXSQKE", Checksum, []Network{TRX}},
		{"TMbBRNh78YjzmzlNyenkmc6v2A4cmXSQKF", Sign, []Network{TRX}},
		{"LWqvgXdD4Us6scjuZX8LXUUYKagafg26Kf", Checksum, []Network{LTC}},
		{"DGm4xaG2HEXL9pEM7y8boDaNzW3bv2X8JD", Checksum, []Network{DOGE}},
		{"A44F5hsibnpKcM7evcU3vDQ5xTz4DKFFRt", Checksum, []Network{DOGE}},
		{"9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3ooo", Length, []Network{SOL}},
		{"9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3O", Sign, []Network{SOL}},
	} {
		if r := Check(c.address); r.Verdict != Wrong || r.Reason != c.reason || !slices.Equal(r.Networks, c.on) {
			t.Errorf("%q: %+v", c.address, r)
		}
	}
}

func TestForms(t *testing.T) {
	for s, want := range map[string]Result{
		"BC1Q0AMSNEA7YVUXG68F8HC9MF33XDT7MHW04W7R86":      {Verdict: Right, Networks: []Network{BTC}}, // as in QR codes
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed":      {Verdict: Formed, Networks: []Network{ETH}},
		"0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED":      {Verdict: Formed, Networks: []Network{ETH}},
		"41" + strings.Repeat("a0", 20):                   {Verdict: Formed, Networks: []Network{TRX}},
		"11111111111111111111111111111111":                {Verdict: Formed, Networks: []Network{SOL}},
		"dGzKGt8CVpWoa8aWL1k18tAdy9Won3PxynvbbpkAqp3V47g": {}, // XRPLF/xrpl.js: a prefix that there is not
		"XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8zeUygYrCgrPh": {}, // XRPLF/xrpl.js: a tag of 64 bits
		"":                                {},
		"1Dest":                           {},
		"1CcyRKKNypd3...7NKJXJ7KLz":       {},
		"1CcyRKKNypd3cp3kPP 93FTQn7NKJXJ": {},
		"Mizuho Bank, Shibuya branch, 12": {},
		"みずほ銀行":                           {},
		"\xff\xfe":                        {},
		strings.Repeat("1", 151):          {},
		"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0": {},
	} {
		if r := Check(s); r.Verdict != want.Verdict || r.Reason != want.Reason || !slices.Equal(r.Networks, want.Networks) {
			t.Errorf("%q: %+v", s, r)
		}
	}
}

// A right checksum over what no address holds proves nothing.
func TestRightChecksumWrongContent(t *testing.T) {
	ripple := func(content []byte) string {
		once := sha256.Sum256(content)
		twice := sha256.Sum256(once[:])
		return base58.EncodeAlphabet(append(content, twice[:4]...), rippleAlphabet)
	}
	x := func(flag byte, tag ...byte) []byte {
		b := append([]byte{0x05, 0x44}, make([]byte, 29)...)
		b[22] = flag
		copy(b[23:], tag)
		return b
	}
	if r := Check(ripple(x(1, 7))); r.Verdict != Right || r.Tag == nil || *r.Tag != 7 {
		t.Errorf("control: %+v", r)
	}
	if r := Check(ripple(make([]byte, 21))); r.Verdict != Right || !r.On(XRP) {
		t.Errorf("control: %+v", r)
	}
	for name, content := range map[string][]byte{
		"a tag without the flag":  x(0, 7),
		"a tag of 33 bits":        x(1, 0, 0, 0, 0, 1),
		"a flag that there isn't": x(2),
		"another type":            append([]byte{0x1c}, make([]byte, 20)...),
	} {
		if r := Check(ripple(content)); r.Verdict == Right || r.Verdict == Formed {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for version, want := range map[byte]Verdict{1: Right, 16: Right, 17: Wrong} {
		program, err := bech32.ConvertBits(make([]byte, 32), 8, 5, true)
		if err != nil {
			t.Fatal(err)
		}
		s, err := bech32.EncodeM("bc", append([]byte{version}, program...))
		if err != nil {
			t.Fatal(err)
		}
		if r := Check(s); r.Verdict != want {
			t.Errorf("version %d: %+v", version, r)
		}
	}
}

// The X-addresses of XRPLF/xrpl.js and what they hold.
func TestTagOfX(t *testing.T) {
	tag := func(n uint32) *uint32 { return &n }
	for s, want := range map[string]*uint32{
		"XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb": nil,
		"XVLhHMPHU98es4dbozjVtdWzVrDjtV8AqEL4xcZj5whKbmc": tag(0),
		"XVLhHMPHU98es4dbozjVtdWzVrDjtV8xvjGQTYPiAx6gwDC": tag(1),
		"XVLhHMPHU98es4dbozjVtdWzVrDjtVoKj3MnFGMXEFMnvJV": tag(276),
		"XVLhHMPHU98es4dbozjVtdWzVrDjtVqrDUk2vDpkTjPsY73": tag(16781933),
		"XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8yuPT7y4xaEHi": tag(4294967295),
	} {
		r := Check(s)
		if r.Verdict != Right || !r.On(XRP) || (r.Tag == nil) != (want == nil) || want != nil && r.Tag != nil && *r.Tag != *want {
			t.Errorf("%q: %+v", s, r)
		}
	}
}

func TestParseTag(t *testing.T) {
	for s, want := range map[string]bool{
		"0": true, "4294967295": true, " 12 ": true, "007": true,
		"": false, "4294967296": false, "-1": false, "+1": false, "1.0": false, "memo": false, "0x10": false,
	} {
		if _, ok := ParseTag(s); ok != want {
			t.Errorf("%q: %v", s, ok)
		}
	}
	if n, _ := ParseTag("4294967295"); n != 1<<32-1 {
		t.Errorf("got %d", n)
	}
}

func TestTxID(t *testing.T) {
	hash := "3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9"
	of64 := []Network{BTC, XRP, TRX, LTC, DOGE}
	for s, want := range map[string][]Network{
		hash:                  of64,
		" " + hash + "\n":     of64,
		strings.ToUpper(hash): of64,
		"0x" + hash:           {ETH},
		"1XTRN2RJN5MfCYf2UTVo8dcmei94CvVB2BBWvvograKBRzTW7RaDH79KZ4NSHQNUNLf3DwSbhdsgmDYptsM2d21": {SOL},
		hash[1:]:                           nil,
		hash + "0":                         nil,
		"g" + hash[1:]:                     nil,
		"b6ae22b3aa844210a7041aee7589627c": nil,
		"":                                 nil,
		strings.Repeat("1", 100000):        nil,
	} {
		if got := TxID(s); !slices.Equal(got, want) {
			t.Errorf("%.70q: %v", s, got)
		}
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]Network{
		"btc": BTC, "Bitcoin": BTC, "ＥＴＨ": ETH, "ERC-20": ETH, "erc20": ETH, "xrp ledger": XRP, "solana": SOL, "TRC20": TRX,
		"TRON": TRX, "ライトコイン": LTC, "dogecoin": DOGE, "BEP20": "", "Polygon": "", "": "",
	} {
		if n, ok := Lookup(name); n != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v", name, n, ok)
		}
	}
}

// Whatever is typed, a verdict that praises it is proved by another reading.
func FuzzCheck(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.address)
	}
	f.Add("XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8zeUygYrCgrPh")
	f.Add("bc1pw5dgrnzv")
	f.Fuzz(func(t *testing.T, s string) {
		r := Check(s)
		if (r.Verdict == Wrong) != (r.Reason != NoReason) || r.Verdict == Wrong && len(r.Networks) == 0 || r.Verdict == Unknown && r.Networks != nil {
			t.Fatalf("%q: %+v does not fit together", s, r)
		}
		s = strings.TrimSpace(s)
		if r.Verdict != Right || strings.HasPrefix(s, "0x") || s == strings.ToLower(s) || s == strings.ToUpper(s) {
			return // not base58, unless it is a rare one
		}
		if !sealed(s, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") &&
			!sealed(s, "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz") {
			t.Fatalf("%q has no right checksum: %+v", s, r)
		}
	})
}

func FuzzTxID(f *testing.F) {
	f.Add("1XTRN2RJN5MfCYf2UTVo8dcmei94CvVB2BBWvvograKBRzTW7RaDH79KZ4NSHQNUNLf3DwSbhdsgmDYptsM2d21")
	f.Add("0x3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9")
	f.Fuzz(func(t *testing.T, s string) {
		if n := len(strings.TrimSpace(s)); len(TxID(s)) > 0 && (n < 64 || n > 88) {
			t.Errorf("%q passes", s)
		}
	})
}

// sealed decodes base58 with whole numbers and checks the checksum.
func sealed(s, alphabet string) bool {
	n, zeros := new(big.Int), 0
	for i := range len(s) {
		d := strings.IndexByte(alphabet, s[i])
		if d < 0 {
			return false
		}
		if d == 0 && zeros == i {
			zeros++
		}
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(d)))
	}
	b := append(make([]byte, zeros), n.Bytes()...)
	if len(b) < 4 {
		return false
	}
	once := sha256.Sum256(b[:len(b)-4])
	twice := sha256.Sum256(once[:])
	return bytes.Equal(twice[:4], b[len(b)-4:])
}
