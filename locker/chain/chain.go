// Package chain knows what addresses and transaction IDs look like on the
// networks that it can check: Bitcoin, Ethereum, the XRP Ledger, Solana, TRON,
// Litecoin and Dogecoin. A checksum shows that an address was not mistyped; it
// says nothing of who owns it, or of whether it was ever used.
//
// Nothing here refuses anything: the answers are for warnings.
package chain

import (
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"evidence-locker/locker/datafile"
)

// A Network is known by the symbol of its coin.
type Network string

// The networks whose addresses can be checked.
const (
	BTC  Network = "BTC"
	ETH  Network = "ETH" // an Ethereum address is one on every EVM chain too
	XRP  Network = "XRP"
	SOL  Network = "SOL"
	TRX  Network = "TRX"
	LTC  Network = "LTC"
	DOGE Network = "DOGE"
)

// Networks returns them all.
func Networks() []Network { return []Network{BTC, ETH, XRP, SOL, TRX, LTC, DOGE} }

// spellings are what exchanges and wallets call the networks. The token
// standards ERC-20 and TRC-20 are named after their network's (EIP-20, TIP-20).
var spellings = map[Network][]string{
	BTC:  {"Bitcoin", "ビットコイン"},
	ETH:  {"Ethereum", "イーサリアム", "ERC20"},
	XRP:  {"XRP Ledger", "XRPL", "Ripple", "リップル"},
	SOL:  {"Solana", "ソラナ"},
	TRX:  {"TRON", "トロン", "TRC20"},
	LTC:  {"Litecoin", "ライトコイン"},
	DOGE: {"Dogecoin", "ドージコイン"},
}

var names = sync.OnceValue(func() *datafile.Names {
	n := new(datafile.Names)
	for _, net := range Networks() {
		n.Add(string(net), string(net))
		for _, s := range spellings[net] {
			n.Add(string(net), s)
		}
	}
	return n
})

// Lookup finds a network by its symbol or name, whatever the case and width of
// the letters. A network that cannot be checked is not found.
func Lookup(name string) (Network, bool) {
	key, ok := names().Lookup(name)
	return Network(key), ok
}

// TxID returns the networks on which s can be a transaction ID, none if it has
// the shape of no network's. Transaction IDs have no checksum.
func TxID(s string) []Network {
	s = strings.TrimSpace(s)
	switch {
	case len(s) == 64 && isHex(s):
		return []Network{BTC, XRP, TRX, LTC, DOGE}
	case len(s) == 66 && strings.HasPrefix(s, "0x") && isHex(s[2:]):
		return []Network{ETH}
	case len(s) <= 88 && len(decodeBase58(s, bitcoinAlphabet)) == 64: // a signature
		return []Network{SOL}
	}
	return nil
}

// ParseTag reads a destination tag of the XRP Ledger, an unsigned 32-bit
// number. 0 is a tag; having none is something else.
func ParseTag(s string) (uint32, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	return uint32(n), err == nil
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}
