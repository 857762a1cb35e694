package statement

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// Rows of which few are wanted, as in a year of trades with an hour of trouble.
func BenchmarkRead(b *testing.B) {
	var s strings.Builder
	s.WriteString("注文id,取引id,通貨ペア,現物/信用,タイプ,売/買,数量,価格,実現損益,発生手数料,実現手数料,実現利息,m/t,取引日時\r\n")
	for i := range 100000 {
		fmt.Fprintf(&s, "%d,%d,btc_jpy,現物,limit,buy,0.01000000,10000000,,0,0,,maker,2026-%02d-%02d 09:15:%02d.123\r\n", 90000000001+i, 1900000001+i, i/9000+1, i/400%28+1, i%60)
	}
	text := s.String()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		res, err := Builtin().Read(io.Reader(strings.NewReader(text)), Request{Since: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Row: func(Row) {}})
		if err != nil || res.Rows != 100000 {
			b.Fatal(res, err)
		}
	}
}
