package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/mr-tron/base58"
	"golang.org/x/crypto/sha3"
)

// A Verdict says what is known of an address.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // the form of no network that this package knows
	Wrong                  // mistyped or incomplete; the reason says what shows it
	Formed                 // has the right form, which holds no checksum
	Right                  // its checksum is right; if it has no network, it is one of another's
)

// A Reason says why an address is wrong.
type Reason int

// The reasons.
const (
	NoReason Reason = iota // the address is not wrong
	Checksum               // the checksum does not match: some sign is another's
	Length                 // signs are missing, or too many
	Sign                   // a sign that such an address cannot have where it stands
)

// A Result is what [Check] found.
type Result struct {
	Verdict  Verdict
	Reason   Reason
	Networks []Network // on which it can be; where it is wrong, which it was meant for
	Tag      *uint32   // the destination tag that an X-address holds, nil if none
}

// On reports whether the address can be one on n.
func (r Result) On(n Network) bool { return slices.Contains(r.Networks, n) }

// maxLen bounds the work: the longest known address, Litecoin's of type MWEB,
// has about 120 signs.
const maxLen = 150

// Check tells on which networks s can be an address, and whether it was
// mistyped. Blanks around it do not count.
//
// Sources: BIP-173 and BIP-350 (bech32, bech32m), EIP-55 (mixed case of
// Ethereum), xrpl.org "base58 Encodings" (XRP Ledger), XRPLF/xrpl.js
// ripple-address-codec (X-address), chainparams.cpp of Litecoin Core and
// Dogecoin Core (version bytes), the TRON address of tronweb, the 32 bytes of a
// Solana address of solana-address.
func Check(s string) Result {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxLen {
		return Result{}
	}
	switch lower := strings.ToLower(s); {
	case strings.HasPrefix(lower, "bc1"):
		return checkSegwit(s, "bc", BTC)
	case strings.HasPrefix(lower, "ltc1"):
		return checkSegwit(s, "ltc", LTC)
	case strings.HasPrefix(lower, "ltcmweb1"):
		return checkBech32(s, "ltcmweb", LTC).Result
	case strings.HasPrefix(lower, "0x"):
		return checkEthereum(s)
	case len(s) == 42 && strings.HasPrefix(s, "41") && isHex(s): // TRON's address in hex
		return Result{Verdict: Formed, Networks: []Network{TRX}}
	}
	if _, _, _, err := bech32.DecodeNoLimitWithVersion(s); err == nil { // of a network that is not known here
		return Result{Verdict: Right}
	}
	return checkBase58(s)
}

func wrong(why Reason, on ...Network) Result {
	return Result{Verdict: Wrong, Reason: why, Networks: on}
}

// checkEthereum checks 0x and 40 digits. Without mixed case there is no
// checksum.
func checkEthereum(s string) Result {
	digits := s[2:]
	switch lower := strings.ToLower(digits); {
	case len(digits) != 40:
		return wrong(Length, ETH)
	case s[1] != 'x' || !isHex(digits):
		return wrong(Sign, ETH)
	case digits == lower || digits == strings.ToUpper(digits):
		return Result{Verdict: Formed, Networks: []Network{ETH}}
	case digits != mixedCase(lower):
		return wrong(Checksum, ETH)
	}
	return Result{Verdict: Right, Networks: []Network{ETH}}
}

// mixedCase writes lower-case hex digits as EIP-55 does: a letter is a capital
// where the digit at its place in the Keccak-256 of the text is 8 or more.
func mixedCase(lower string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(lower))
	sum := hex.EncodeToString(h.Sum(nil))
	out := []byte(lower)
	for i, c := range out {
		if c >= 'a' && sum[i] >= '8' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

type decodedBech32 struct {
	Result
	data    []byte // groups of 5 bits, the checksum taken off
	version bech32.Version
}

// checkBech32 checks the signs and the checksum, by whichever of the two
// constants it was made.
func checkBech32(s, prefix string, n Network) decodedBech32 {
	if strings.Contains(s[len(prefix)+1:], "1") { // the library would take the last for the end of the prefix
		return decodedBech32{Result: wrong(Sign, n)}
	}
	_, data, version, err := bech32.DecodeNoLimitWithVersion(s)
	switch err.(type) {
	case nil:
		return decodedBech32{Result{Verdict: Right, Networks: []Network{n}}, data, version}
	case bech32.ErrInvalidChecksum:
		return decodedBech32{Result: wrong(Checksum, n)}
	case bech32.ErrNonCharsetChar, bech32.ErrInvalidCharacter, bech32.ErrMixedCase:
		return decodedBech32{Result: wrong(Sign, n)}
	}
	return decodedBech32{Result: wrong(Length, n)}
}

// checkSegwit checks an address of a witness program: version 0 is written in
// bech32 and holds 20 or 32 bytes, versions 1 to 16 in bech32m and 2 to 40
// bytes. The library takes either for either.
func checkSegwit(s, prefix string, n Network) Result {
	d := checkBech32(s, prefix, n)
	if d.Verdict != Right {
		return d.Result
	}
	if len(d.data) == 0 {
		return wrong(Length, n)
	}
	program, err := bech32.ConvertBits(d.data[1:], 5, 8, false)
	switch version := d.data[0]; {
	case err != nil, len(program) < 2, len(program) > 40, version == 0 && len(program) != 20 && len(program) != 32:
		return wrong(Length, n)
	case version > 16, (version == 0) != (d.version == bech32.Version0):
		return wrong(Checksum, n)
	}
	return d.Result
}

var (
	bitcoinAlphabet = base58.BTCAlphabet
	rippleAlphabet  = base58.NewAlphabet("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz")
)

// versions are the first bytes of the addresses of 20 bytes in the alphabet of
// Bitcoin. Litecoin's old addresses of scripts are Bitcoin's.
var versions = map[byte][]Network{
	0x00: {BTC}, 0x05: {BTC, LTC}, 0x30: {LTC}, 0x32: {LTC}, 0x1e: {DOGE}, 0x16: {DOGE}, 0x41: {TRX},
}

// shapes say which network an address was meant for that cannot be decoded, by
// its first letter and its length, a few signs more or less than it can have.
var shapes = []struct {
	first    string // any of these, all if empty
	min, max int    // letters and digits
	reason   Reason // if all of them are of the alphabet
	on       []Network
}{
	{"1", 24, 37, Checksum, []Network{BTC}},
	{"3", 24, 37, Checksum, []Network{BTC, LTC}},
	{"LM", 24, 37, Checksum, []Network{LTC}},
	{"DA9", 24, 37, Checksum, []Network{DOGE}},
	{"T", 24, 37, Checksum, []Network{TRX}},
	{"r", 24, 37, Checksum, []Network{XRP}},
	{"X", 45, 49, Checksum, []Network{XRP}},
	{"", 42, 46, Length, []Network{SOL}}, // nothing but its length is to be checked
}

func checkBase58(s string) Result {
	if b := unseal(s, bitcoinAlphabet); len(b) == 21 {
		return Result{Verdict: Right, Networks: versions[b[0]]}
	}
	if b := unseal(s, rippleAlphabet); len(b) == 21 && b[0] == 0 {
		return Result{Verdict: Right, Networks: []Network{XRP}}
	} else if len(b) == 31 {
		return readX(b)
	}
	if len(decodeBase58(s, bitcoinAlphabet)) == 32 {
		return Result{Verdict: Formed, Networks: []Network{SOL}}
	}
	inAlphabet := true
	for _, r := range s {
		switch {
		case strings.ContainsRune("0OIl", r):
			inAlphabet = false
		case r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z':
			return Result{}
		}
	}
	for _, shape := range shapes {
		if len(s) < shape.min || len(s) > shape.max || shape.first != "" && !strings.Contains(shape.first, s[:1]) {
			continue
		}
		if !inAlphabet {
			return wrong(Sign, shape.on...)
		}
		return wrong(shape.reason, shape.on...)
	}
	return Result{}
}

// readX reads an X-address: a prefix of two bytes, the account, whether there
// is a tag, and the tag in 8 bytes, the lowest first.
func readX(b []byte) Result {
	flag, tag := b[22], binary.LittleEndian.Uint64(b[23:])
	switch {
	case bytes.HasPrefix(b, []byte{0x04, 0x93}): // the test network
		return Result{Verdict: Right}
	case !bytes.HasPrefix(b, []byte{0x05, 0x44}), flag > 1, flag == 0 && tag != 0, tag >= 1<<32:
		return Result{}
	case flag == 0:
		return Result{Verdict: Right, Networks: []Network{XRP}}
	}
	t := uint32(tag)
	return Result{Verdict: Right, Networks: []Network{XRP}, Tag: &t}
}

// decodeBase58 returns nil for what cannot be decoded.
func decodeBase58(s string, a *base58.Alphabet) []byte {
	b, err := base58.DecodeAlphabet(s, a)
	if err != nil {
		return nil
	}
	return b
}

// unseal decodes base58 and takes off the checksum, the first 4 bytes of the
// doubled SHA-256. It returns nil if that is not right.
func unseal(s string, a *base58.Alphabet) []byte {
	b := decodeBase58(s, a)
	if len(b) < 4 {
		return nil
	}
	body, sum := b[:len(b)-4], b[len(b)-4:]
	once := sha256.Sum256(body)
	if twice := sha256.Sum256(once[:]); !bytes.Equal(twice[:4], sum) {
		return nil
	}
	return body
}
