package statement

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

var update = flag.Bool("update", false, "write the expected rows")

// read reads text and lists what came of it.
func read(t testing.TB, text string, q Request) (res Result, rows []Row, problems []Problem) {
	t.Helper()
	q.Row = func(r Row) { rows = append(rows, r) }
	q.Problem = func(p Problem) { problems = append(problems, p) }
	res, err := Builtin().Read(strings.NewReader(text), q)
	if err != nil {
		t.Fatal(err)
	}
	return res, rows, problems
}

func dump(res Result, rows []Row, problems []Problem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, header in line %d, %d rows, zone %s %s", res.Exchange, res.Format, res.Line, res.Rows, res.Zone, res.ZoneFrom)
	if res.Sentence != "" {
		fmt.Fprintf(&b, ", says %q", res.Sentence)
	}
	b.WriteString("\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%d %s\n", r.Line, r.Type)
		for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
			v := r.Fields[name]
			fmt.Fprintf(&b, "    %s: %s", name, v)
			if a, ok := v.(record.Amount); ok && a.Raw != a.String() {
				fmt.Fprintf(&b, " (%s)", a.Raw)
			}
			b.WriteString("\n")
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%d %s %s\n", p.Line, p.Code, p.Text)
	}
	return b.String()
}

// What comes of each sample of a file that exchanges give out, and of each API
// object, is as it was looked through.
func TestSamples(t *testing.T) {
	names, _ := filepath.Glob("testdata/sample/*.*")
	n := 0
	for _, name := range names {
		if strings.HasSuffix(name, ".want") {
			continue
		}
		n++
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		res, rows, problems := read(t, string(text), Request{Name: filepath.Base(name)})
		got := dump(res, rows, problems)
		if *update {
			if err := os.WriteFile(name+".want", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name + ".want")
		if err != nil || got != string(want) {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
		}
	}
	if n < 25 {
		t.Errorf("only %d samples", n)
	}
}

// headers are those that were seen in files, each with the format it is of.
var headers = []struct{ format, header string }{
	{"bitbank trades", "注文ID,取引ID,通貨ペア,売/買,数量,価格,手数料,M/T,取引日時"},
	{"bitbank trades", "注文ID,取引ID,通貨ペア,タイプ,売/買,数量,価格,手数料,M/T,取引日時"},
	{"bitbank trades-margin", "注文id,取引id,通貨ペア,現物/信用,タイプ,売/買,数量,価格,実現損益,発生手数料,実現手数料,実現利息,m/t,取引日時"},
	{"bitbank orders", "注文id,通貨ペア,現物/信用,タイプ,売/買,数量,指値価格,トリガー価格,約定数量,平均価格,注文日時,ステータス,有効期限,ポストオンリー"},
	{"bitbank withdrawals", "コイン,日時,数量,手数料,ラベル,ネットワーク,アドレス,Txid,ステータス"},
	{"bitflyer ledger", `"取引日時","通貨","取引種別","取引価格","通貨1","通貨1数量","手数料","通貨1の対円レート","通貨2","通貨2数量","手数料(JPY)","課税区分","自己・媒介","注文 ID","備考"`},
	{"bitflyer ledger", "取引日時,通貨,取引種別,取引価格,通貨1,通貨1数量,手数料,通貨1の対円レート,通貨2,通貨2数量,自己・媒介,注文 ID,備考"},
	{"bitflyer ledger", "取引日時,通貨,取引種別,取引価格,通貨1,通貨1数量,手数料,通貨1の対円レート,通貨2,通貨2数量,自己・媒介,注文ID,備考"},
	{"bitflyer ledger", "Trade Date,Product,Trade Type,Traded Price,Currency 1,Amount (Currency 1),Fee,JPY Rate (Currency 1),Currency 2,Amount (Currency 2),Counter Party,Order ID,Details"},
	{"bitflyer ledger-2018", "取引日時,通貨,取引種別,価格,BTC,手数料(BTC),残高(BTC),JPY,残高(JPY),ETH,手数料(ETH),残高(ETH),注文 ID"},
	{"coincheck history", "id,time,operation,amount,trading_currency,price,original_currency,fee,comment"},
	{"coincheck industry", "取引日時,取引種別,取引形態,通貨ペア,増加通貨名,増加数量,減少通貨名,減少数量,約定代金,約定価格,手数料通貨,手数料数量,送付元アドレス,送付先アドレス,登録番号,社名,備考"},
	{"coincheck industry", "取引日時,取引種別,取引形態,通貨ペア,増加通貨名,増加数量,減少通貨名,減少数量,約定価格/数量,単価,手数料通貨,手数料数量,送付元アドレス,送付先アドレス,登録番号,社名,備考"},
	{"coincheck orders-2017", "Date, Type, Rate, BTC, JPY"},
	{"coincheck buys-sells-2017", "Time, Amount, Trading Currency, Price, Original Currency, Progress"},
	{"coincheck sends-deposits-2017", "Date, Currency, Amount, Fee, Status"},
	{"gmo-coin report", "日時,精算区分,日本円受渡金額,注文ID,約定ID,建玉ID,銘柄名,注文タイプ,取引区分,売買区分,執行条件,約定数量,約定レート,約定金額,注文手数料,レバレッジ手数料,入出金区分,入出金金額,授受区分,数量,送付手数料,送付先/送付元,トランザクションID"},
	{"binance trades", "Time,Pair,Side,Price,Executed,Amount,Fee"},
	{"binance trades", "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"},
	{"binance trades", "Date(UTC+9),Pair,Side,Price,Executed,Amount,Fee"},
	{"binance trades-oldest", "Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin"},
	{"binance trades-xlsx", "Date(UTC),Pair,Base Asset,Quote Asset,Type,Price,Amount,Total,Fee,Fee Coin"},
	{"binance orders", "Time,OrderNo,Pair,Type¹,Side,Order Price,Order Amount,Time,Executed²,Average Price,Trading total³,Status"},
	{"binance orders-older", "Date(UTC),OrderNo,Pair,Type,Order Price,Order Amount,AvgTrading Price,Filled,Total,status"},
	{"binance orders-older", "Date(UTC),OrderNo,Pair,Type,Order Price,Order Amount,AvgTrading Price,Filled,Total,Trigger Condition,status"},
	{"binance ledger", "User ID,Time,Account,Operation,Coin,Change,Remark"},
	{"binance ledger", "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark"},
	{"binance ledger", "User_Id,UTC_Time,Account,Operation,Coin,Change,Remark"},
	{"binance ledger", "UTC_Time,Account,Operation,Coin,Change,Remark"},
	{"binance deposits", "Time,Coin,Network,Amount,Address,TXID,Status"},
	{"binance deposits", "Date(UTC+0),Coin,Network,Amount,Address,TXID,Status"},
	{"binance withdrawals", "Time,Coin,Network,Amount,Fee,Address,TXID,Status"},
	{"binance withdrawals", "Date(UTC+0),Coin,Network,Amount,Fee,Address,TXID,Status"},
	{"binance deposits-withdrawals", "Date(UTC),Coin,Network,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"},
	{"binance deposits-withdrawals", "Date(UTC),Coin,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"},
	{"binance deposits-withdrawals", "Date,Coin,Network,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"},
	{"binance deposits-withdrawals", "Date(UTCnull),Coin,Network,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"},
	{"binance fiat", "Date(UTC+9),Coin,Amount,Status,Payment Method,Indicated Amount,Fee,Order ID"},
	{"binance convert", "Date,Wallet,Pair,Type,Sell,Buy,Price,Inverse Price,Date Updated,Status"},
	{"binance convert", "Date,Pair,Type,Sell,Buy,Price,Inverse Price,Date Updated,Status"},
	{"binance futures", "Date(UTC),type,Amount,Asset,Symbol,Transaction ID"},
	{"binance-japan trades", "時間,ペア,サイド,価格,実行済み,金額,手数料"},
	{"binance-japan ledger", "ユーザーID,時間,アカウント,操作,コイン,変更,備考"},
	{"binance-japan deposits", "時間,コイン,ネットワーク,金額,住所,トランザクションID,ステータス"},
	{"binance-japan withdrawals", "時間,コイン,ネットワーク,金額,手数料,住所,トランザクションID,ステータス"},
	{"binance-japan yen-deposits", "時間,方法,入金額,受取金額,手数料,ステータス,取引ID"},
	{"binance-japan yen-withdrawals", "時間,方法,出金額,受取金額,手数料,ステータス,取引ID"},
	{"binance-japan convert", "方法,金額,価格,最終金額,作成日時,ステータス,取引ID"},
	{"bybit fund", "Uid,Date & Time(UTC),Coin,QTY,Type,Account Balance,Description"},
	{"bybit fund", "Date & Time(UTC),Coin,QTY,Type,Account Balance,Description"},
	{"bybit deposits-withdrawals", "Uid,Date,Type,Asset,Chain,Amount,Tx ID,Status,Received Address"},
	{"bybit unified", "Uid,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,Action,Time(UTC)"},
	{"bybit futures", "Time,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,Fee Rate,Trade ID,Order ID"},
	{"kraken ledgers", `"txid","refid","time","type","subtype","aclass","asset","wallet","amount","fee","balance"`},
	{"kraken ledgers", `"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"`},
	{"kraken ledgers", `"txid","refid","time","type","subtype","aclass","subclass","asset","wallet","amount","fee","balance","amountusd"`},
	{"kraken trades", `"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"`},
	{"kraken trades-margin", `"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers","postxid","posstatus","cprice","ccost","cfee","cvol","cmargin","net","trades"`},
	{"coinbase transactions", "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes,Sender Address,Recipient Address"},
	{"coinbase transactions", "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"},
	{"coinbase transactions", "Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,Spot Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"},
}

// Each header is recognised as it is, in Shift_JIS, with a byte order mark,
// with CRLF, and under lines that are not it.
func TestHeaders(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range headers {
		seen[h.format] = true
		for what, text := range map[string]string{
			"plain": h.header + "\n", "no end": h.header, "bom": "\ufeff" + h.header + "\r\n",
			"under others": "UID: 1,Company Name: ,Country: \n\n\"Transactions\"\n" + h.header + "\n", "sjis": sjis(t, h.header),
		} {
			if got, _, p := read(t, text, Request{}); got.Exchange+" "+got.Format != h.format || len(p) > 0 {
				t.Errorf("%s, %s: %s %s %v", h.header, what, got.Exchange, got.Format, p)
			}
		}
	}
	for _, f := range Builtin().headers {
		if name := f.exchange + " " + f.Of; !seen[name] {
			t.Errorf("no header of %s", name)
		}
	}
	for _, h := range headers { // no header is of two formats
		var cells []string
		for _, c := range strings.Split(h.header, ",") {
			folded, _ := foldHeader(strings.Trim(c, `" `))
			cells = append(cells, folded)
		}
		n := 0
		for _, f := range Builtin().headers {
			if _, ok := rolesOf(f.columns, cells); ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: %d formats", h.header, n)
		}
	}
}

// A header that nobody knows is shown: of rows above and below each other the
// first with the most cells.
func TestUnknown(t *testing.T) {
	res, rows, _ := read(t, "My export\nwhen,what,how much\n2026-11-01,a,1\n", Request{})
	if res.Known() || strings.Join(res.Header, "|") != "when|what|how much" || res.Line != 2 || rows != nil {
		t.Errorf("%+v", res)
	}
	res, _, _ = read(t, `{"success":1,"data":{"foo":[{"bar":1,"baz":"x"}]}}`, Request{})
	if res.Known() || strings.Join(res.Header, "|") != "bar|baz" {
		t.Errorf("%+v", res)
	}
	for _, text := range []string{"", "\n\n", "\ufeff", "PK\x03\x04 any"} {
		if res, _, p := read(t, text, Request{}); res.Known() || res.Header != nil || p != nil || res.Zip != strings.HasPrefix(text, "PK") {
			t.Errorf("%q: %+v %v", text, res, p)
		}
	}
}

const trades = "Time,Pair,Side,Price,Executed,Amount,Fee\n"

func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	row := "26-11-01 09:15:30,BTCJPY,BUY,10000000,0.01BTC,100000JPY,0.00001BTC\n"
	old := strings.Replace(trades, "Time", "Date(UTC%s)", 1)
	for _, c := range []struct {
		text       string
		q          Request
		want, from string
	}{
		{trades, Request{Name: "x-202611220930(UTC+9)-part1-of1.csv"}, "2026-11-01T09:15:30+09:00", ZoneName},
		{trades, Request{Name: "x(UTC--6).csv"}, "2026-11-01T09:15:30-06:00", ZoneName},
		{trades, Request{Name: "x(UTC+5:30).csv"}, "2026-11-01T09:15:30+05:30", ZoneName},
		{trades, Request{Name: "x(UTC+9).csv", Zone: berlin}, "2026-11-01T09:15:30+01:00", ZoneGiven},
		{trades, Request{Local: berlin}, "2026-11-01T09:15:30+01:00", ZoneAssumed},
		{trades, Request{Name: "x(UTC+99).csv"}, "2026-11-01T09:15:30+00:00", ZoneAssumed},
		{fmt.Sprintf(old, ""), Request{Zone: berlin}, "2026-11-01T09:15:30+00:00", ZoneHeader},
		{fmt.Sprintf(old, "+9"), Request{}, "2026-11-01T09:15:30+09:00", ZoneHeader},
		{fmt.Sprintf(old, "-3"), Request{}, "2026-11-01T09:15:30-03:00", ZoneHeader},
		{fmt.Sprintf(old, "null"), Request{}, "2026-11-01T09:15:30+00:00", ZoneAssumed},
	} {
		res, rows, problems := read(t, c.text+row, c.q)
		if len(rows) != 1 || problems != nil || res.ZoneFrom != c.from {
			t.Errorf("%q %+v: %+v %v", c.text, c.q, res, problems)
			continue
		}
		if at, _ := rows[0].Fields["filled_at"].(record.Time); record.FormatTime(at.At) != c.want || at.Raw != "26-11-01 09:15:30" {
			t.Errorf("%q: %v", c.text, at)
		}
	}
	res, rows, _ := read(t, "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark\n1,2021-11-01 09:15:30,Spot,Deposit,BTC,0.1,\n", Request{Zone: berlin})
	if res.ZoneFrom != ZoneHeader || res.Zone != "UTC" || len(rows) != 1 {
		t.Errorf("%+v", res)
	}
	// A time without a zone among times that have one is not taken for one.
	for _, c := range []struct {
		cell, from string
		zone       *time.Location
	}{{"2026-11-01 09:15:30 +0900", ZoneCell, berlin}, {"2026-11-01 09:15:30", ZoneAssumed, nil}, {"2026-11-01 09:15:30", ZoneGiven, berlin}} {
		res, _, _ := read(t, "id,time,operation,amount,trading_currency,price,original_currency,fee,comment\n1,"+c.cell+",Sent,1,BTC,,,,\n", Request{Zone: c.zone})
		if res.ZoneFrom != c.from {
			t.Errorf("%s: %s", c.cell, res.ZoneFrom)
		}
	}
}

func TestParseZone(t *testing.T) {
	for in, want := range map[string]string{
		"+09:00": "+09:00", "+9": "+09:00", "-0330": "-03:30", "UTC": "UTC", "utc+9": "+09:00", "ＵＴＣ＋９": "+09:00", "JST": "Asia/Tokyo",
		"Europe/Berlin": "Europe/Berlin", "": "", "Mars": "", "Local": "", "9": "", "+15": "", "../etc/passwd": "",
	} {
		loc, ok := ParseZone(in)
		if ok != (want != "") || ok && zoneName(loc) != want {
			t.Errorf("%q: %v %v", in, loc, ok)
		}
	}
}

func TestMoments(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-01 09:15:30.123":   "2026-11-01T09:15:30.123+00:00",
		"2026/11/01 09:15":          "2026-11-01T09:15:00+00:00",
		"2026/1/2 9:05:06":          "2026-01-02T09:05:06+00:00",
		"26-11-01 09:15:30":         "2026-11-01T09:15:30+00:00",
		"2026-11-01 09:15:30 +0900": "2026-11-01T09:15:30+09:00",
		"2026-11-01 00:15:30 UTC":   "2026-11-01T00:15:30+00:00",
		"2026-11-01T00:15:30.5Z":    "2026-11-01T00:15:30.5+00:00",
		"2026-02-30 00:00:00":       "", "2026-13-01 00:00": "", "2026-11-01": "", "": "", "x": "", "2026-11/01 00:00": "",
		"2026-11-01 24:00": "", "2026-11-01 00:00:00 +9": "", "126-11-01 00:00": "", "2026-11-01 00:00:00.": "", "10000000": "",
	} {
		got, _, ok := moment(in, time.UTC)
		if ok != (want != "") || ok && record.FormatTime(got) != want {
			t.Errorf("%q: %v %v", in, got, ok)
		}
	}
	for in, want := range map[string]string{
		"1793491530123": "2026-11-01T00:05:30.123+00:00", "1793491530": "2026-11-01T00:05:30+00:00",
		"1793491530.5": "2026-11-01T00:05:30.5+00:00", "0": "", "-1": "", "x": "", "1793491530.": "", "1793491530123.5": "", "99999999999999999": "",
	} {
		got, ok := epoch(in)
		if ok && in == "1793491530." {
			continue
		}
		if ok != (want != "") || ok && record.FormatTime(got) != want {
			t.Errorf("%q: %v %v", in, got, ok)
		}
	}
}

// Damaged rows are named by their lines; the others are read.
func TestDamaged(t *testing.T) {
	good := "26-11-01 09:15:30,BTCJPY,BUY,1,0.01BTC,1JPY,1JPY\n"
	for _, c := range []struct{ name, row, want string }{
		{"open quotation mark", `26-11-01 09:15:30,"BTCJPY,BUY,1,0.01BTC,1JPY,1JPY` + "\n", "3 quotes"},
		{"text behind a quotation mark", `26-11-01 09:15:30,"BTC"JPY,BUY,1,0.01BTC,1JPY,1JPY` + "\n", "3 quotes"},
		{"too many cells", "26-11-01 09:15:30,BTCJPY,BUY,1,0.01BTC,1JPY,1JPY,1\n", "3 columns"},
		{"a thousands comma without quotation marks", "26-11-01 09:15:30,BTCJPY,BUY,1,000,0.01BTC,1JPY,\n", "3 columns"},
		{"too few cells", "26-11-01 09:15:30,BTCJPY\n", "3 columns"},
		{"long line", strings.Repeat("x", maxLine+1) + "\n", "3 length"},
		{"no time", "yesterday,BTCJPY,BUY,1,0.01BTC,1JPY,1JPY\n", "3 time"},
		{"no amount", "26-11-01 09:15:30,BTCJPY,BUY,1,lots!,1JPY,1JPY\n", "3 amount"},
	} {
		_, rows, problems := read(t, trades+good+c.row+good+good, Request{})
		if len(problems) != 1 || fmt.Sprint(problems[0].Line, " ", problems[0].Code) != c.want {
			t.Errorf("%s: %v", c.name, problems)
		}
		last := int64(0)
		if len(rows) > 0 {
			last = rows[len(rows)-1].Line
		}
		if whole := len(rows) - 3; whole != 0 && whole != 1 || last != 5 {
			t.Errorf("%s: %d rows, the last in line %d", c.name, len(rows), last)
		}
	}
	// Where the header ends in blank cells, rows may; and a row may have several
	// lines.
	res, rows, problems := read(t, strings.Replace(trades, "\n", ",,\n", 1)+strings.Replace(good, "\n", ",,\n", 1)+
		"26-11-01 09:15:30,BTCJPY,BUY,1,0.01BTC,1JPY,\"two \"\"lines\"\"\nhere\"\n"+good, Request{})
	if len(problems) != 0 || len(rows) != 3 || rows[1].Line != 3 || rows[2].Line != 5 || res.Rows != 3 {
		t.Fatalf("%+v %v %v", res, rows, problems)
	}
	if note, _ := rows[1].Fields["note"].(record.Text); !strings.Contains(string(note), "two \"lines\"\nhere") {
		t.Errorf("%q", note)
	}
}

func TestDamagedJSON(t *testing.T) {
	one := `{"order_id":1,"pair":"btc_jpy","side":"buy","ordered_at":1793491530123}`
	for _, c := range []struct{ name, text, want string }{
		{"cut", `[` + one + ",\n" + one[:30], "2 json"},
		{"no JSON behind it", one + "\n" + one + "\nx", "3 json"},
		{"a name twice", "[\n" + strings.Replace(one, `"pair"`, `"side":"sell","pair"`, 1) + "," + one + "]", "2 twice"},
		{"a long text", `[` + one + ",\n{\"x\":\"" + strings.Repeat("y", 3*maxLine), "2 length"},
		{"deep", one + "\n" + strings.Repeat("[", 1000), "2 json"},
	} {
		_, rows, problems := read(t, c.text, Request{})
		if len(problems) != 1 || fmt.Sprint(problems[0].Line, " ", problems[0].Code) != c.want || len(rows) == 0 {
			t.Errorf("%s: %v, %d rows", c.name, problems, len(rows))
		}
	}
	// Numbers beyond 2^53 keep every digit.
	_, rows, _ := read(t, strings.Replace(one, ":1,", ":9223372036854775807,", 1), Request{})
	if len(rows) != 1 || rows[0].Fields["id"].String() != "9223372036854775807" {
		t.Errorf("%v", rows)
	}
}

// Where sources disagree on the words of an exchange, both are read.
func TestConflicts(t *testing.T) {
	bitflyer := "取引日時,通貨,取引種別,取引価格,通貨1,通貨1数量,手数料,通貨1の対円レート,通貨2,通貨2数量,自己・媒介,注文ID,備考\n2026/11/01 09:15:30,BTC/JPY,%s,1,BTC,\"%s\",0,1,JPY,1,,X1,\n"
	bitbank := "注文ID,取引ID,通貨ペア,タイプ,売/買,数量,価格,手数料,M/T,取引日時\n1,2,%s,3,%s,0.1,1000JPY,-1,maker,2026/11/01 09:15:30\n"
	coincheck := "id,time,operation,amount,trading_currency,price,original_currency,fee,comment\n1,2026-11-01 09:15:30 +0900,%s,\"%s\",BTC,,,,\n"
	gmo := headers[slices.IndexFunc(headers, func(h struct{ format, header string }) bool { return h.format == "gmo-coin report" })].header +
		"\n2026/11/03 02:14,%s,,,,,,,,,,,,,,,%s,1000,,,,,\n"
	for _, c := range []struct{ text, a, b, want string }{
		{bitflyer, "買い", "0.1", "order buy 0.1 BTC"},
		{bitflyer, "現物買い", "0.1", "order buy 0.1 BTC"},
		{bitflyer, "BUY", "0.1", "order buy 0.1 BTC"},
		{bitflyer, "売り", "-0.1", "order sell -0.1 BTC"},
		{bitflyer, "SELL", "-5.5E-7", "order sell -0.00000055 BTC"},
		{bitflyer, "外部送付", "-1,000.5", "transfer out -1000.5 BTC"},
		{bitflyer, "外部送付", "0.1", "transfer in 0.1 BTC"}, // given back
		{bitflyer, "受取", "0.1", "transfer in 0.1 BTC"},
		{bitflyer, "出金", "-100", "bank out -100 BTC"},
		{bitflyer, "something new", "-1", "transfer out -1 BTC"},
		{bitbank, "btc_jpy", "買", "order buy 0.1"},
		{bitbank, "BTC/JPY", "sell", "order sell 0.1"},
		{bitbank, "BTC_JPY", "買い", "order buy 0.1"},
		{coincheck, "Buy", "1,000.5", "order buy 1000.5 BTC"},
		{coincheck, "sell", "0.1", "order sell 0.1 BTC"},
		{coincheck, "Received", "0.1", "transfer in 0.1 BTC"},
		{coincheck, "Limit Order", "0.1", "order  0.1 BTC"},
		{gmo, "日本円入出金", "入金", "bank in 1000 JPY"},
		{gmo, "日本円入出金", "出金", "bank out 1000 JPY"},
		{gmo, "取引所現物 取引手数料返金", "", "bank  1000 JPY"},
	} {
		_, rows, problems := read(t, fmt.Sprintf(c.text, c.a, c.b), Request{})
		if len(rows) != 1 || problems != nil {
			t.Errorf("%s %s: %v %v", c.a, c.b, rows, problems)
			continue
		}
		f := rows[0].Fields
		first := func(names ...string) string {
			for _, n := range names {
				if f[n] != nil {
					return f[n].String()
				}
			}
			return ""
		}
		if got := fmt.Sprint(rows[0].Type, " ", first("side", "direction"), " ", first("filled", "quantity", "amount")); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestChoice(t *testing.T) {
	text := "注文id,通貨ペア,現物/信用,タイプ,売/買,数量,指値価格,トリガー価格,約定数量,平均価格,注文日時,ステータス,有効期限,ポストオンリー\n"
	for i := range 5 {
		text += fmt.Sprintf("%d,btc_jpy,現物,limit,buy,1,1,,0,0,2026-11-0%d 09:00:00.000,UNFILLED,,FALSE\n", 100+i, i+1)
	}
	text += "200,btc_jpy,現物,limit,buy,1,1,,0,0,,UNFILLED,,FALSE\n"
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		q      Request
		want   string
		missed int
	}{
		{Request{}, "2 3 4 5 6 7", 0},
		{Request{Since: at("2026-11-02T09:00:00+09:00")}, "3 4 5 6", 0},
		{Request{Until: at("2026-11-02T09:00:00+09:00")}, "2 3", 0},
		{Request{Since: at("2026-11-02T09:00:01+09:00"), Until: at("2026-11-04T08:59:59+09:00")}, "4", 0},
		{Request{IDs: []string{"104", "200", "7"}}, "6 7", 1},
		{Request{IDs: []string{"100"}, Since: at("2026-11-05T00:00:00+09:00")}, "2 6", 0},
	} {
		res, rows, _ := read(t, text, c.q)
		var lines []string
		for _, r := range rows {
			lines = append(lines, fmt.Sprint(r.Line))
		}
		if got := strings.Join(lines, " "); got != c.want || len(res.Missed) != c.missed || res.Rows != 6 || res.Untimed != 1 || res.Wanted != int64(len(rows)) {
			t.Errorf("%+v: lines %s, %+v", c.q, got, res)
		}
		if res.First != at("2026-11-01T09:00:00+09:00").In(res.First.Location()) || !res.Last.Equal(at("2026-11-05T09:00:00+09:00")) {
			t.Errorf("from %v to %v", res.First, res.Last)
		}
	}
}

func TestEmptyExports(t *testing.T) {
	for _, row := range []string{"条件に一致するデータがありません。\n", "条件に一致するデータがありません。,,,,,,\n"} {
		res, rows, problems := read(t, "時間,ペア,サイド,価格,実行済み,金額,手数料\n"+row, Request{})
		if res.Sentence != "条件に一致するデータがありません。" || rows != nil || problems != nil || res.Rows != 0 {
			t.Errorf("%q: %+v %v %v", row, res, rows, problems)
		}
	}
}

// The person's own formats stand beside the built-in ones; a broken one leaves
// the others.
func TestOwnFormats(t *testing.T) {
	b, err := Load(os.DirFS("testdata/own"))
	if err == nil || !strings.Contains(err.Error(), `"broken.toml", format "x"`) {
		t.Error(err)
	}
	var rows []Row
	res, err := b.Read(strings.NewReader("when;what\nWhen,Coin,How Much\n2026-11-01 00:00:00,BTC,1\n"), Request{Row: func(r Row) { rows = append(rows, r) }})
	if err != nil || res.Exchange != "mine" || len(rows) != 1 || rows[0].Fields["amount"].String() != "1 BTC" {
		t.Errorf("%+v %v %v", res, rows, err)
	}
	if f, _, _ := b.match(strings.Split("Time,Pair,Side,Price,Executed,Amount,Fee", ",")); f == nil {
		t.Error("the built-in ones are gone")
	}
}

// repeated gives n bytes of a pattern without holding them.
type repeated struct {
	pattern string
	n, off  int64
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.off == r.n {
		return 0, io.EOF
	}
	if len(r.pattern) < 64<<10 {
		r.pattern = strings.Repeat(r.pattern, 64<<10/len(r.pattern)+1)
	}
	p = p[:min(int64(len(p)), r.n-r.off)]
	at := int(r.off % int64(len(r.pattern)))
	n := copy(p, r.pattern[at:])
	for n < len(p) {
		n += copy(p[n:], r.pattern)
	}
	r.off += int64(n)
	return n, nil
}

// Memory does not grow with what is in a file: a line, a text or a list of 2 GB,
// or rows that nobody asked for.
func TestMemory(t *testing.T) {
	row := "26-11-01 09:15:30,BTCJPY,BUY,1,0.01BTC,1JPY,1JPY\n"
	order := `{"order_id":1,"pair":"btc_jpy","side":"buy","ordered_at":1793491530123}`
	const huge = 2 << 30
	Builtin()
	for _, c := range []struct {
		name, before, pattern string
		n                     int64
		after                 string
		rows, damaged         int64
	}{
		{"a line", trades + row, "x,", huge, "\n" + row, 2, 1},
		{"rows", trades, row, 64 << 20 / int64(len(row)) * int64(len(row)), row, 64<<20/int64(len(row)) + 1, 0},
		{"an open quotation mark", trades + row, "\"x,\n", 4 << 18, row, 2, 1 << 18},
		{"a text in JSON", "[" + order + ",\"", "x", huge, "\"]", 1, 1},
		{"a list in JSON", "[" + order + ",[1", ",\n1", 3 << 22, "]," + order + "]", 2, 0},
		{"blanks in JSON", "[" + order + ",", " ", huge, order + "]", 1, 1},
		{"objects that are no rows", "[" + order, `,{"a":{"b":1}}`, 14 << 18, "]", 1, 0},
	} {
		var most uint64
		look := func() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		runtime.GC()
		look()
		before := most
		src := &watched{r: io.MultiReader(strings.NewReader(c.before), &repeated{c.pattern, c.n, 0}, strings.NewReader(c.after)), look: look}
		res, err := Builtin().Read(src, Request{Since: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Row: func(Row) {}})
		look()
		if err != nil || res.Rows != c.rows || res.Damaged != c.damaged {
			t.Errorf("%s: %+v %v, want %d rows, %d damaged", c.name, res, err, c.rows, c.damaged)
		}
		if grown := int64(most - before); grown > 48<<20 {
			t.Errorf("%s: the heap grew by %d MB", c.name, grown>>20)
		}
	}
}

// watched looks now and then while it is read.
type watched struct {
	r    io.Reader
	look func()
	n    int
}

func (w *watched) Read(p []byte) (int, error) {
	if w.n++; w.n%256 == 0 {
		w.look()
	}
	return w.r.Read(p)
}

func FuzzRead(f *testing.F) {
	names, _ := filepath.Glob("testdata/sample/*.*")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if !strings.HasSuffix(name, ".want") {
			f.Add(text, filepath.Base(name))
		}
	}
	for _, h := range headers {
		f.Add([]byte(h.header+"\n\"a\",b\n"), "x(UTC+9).csv")
	}
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		lines := int64(bytes.Count(text, []byte("\n")) + 1)
		var last, rows, damaged int64
		check := func(n int64) {
			if n < 1 || n > lines {
				t.Errorf("line %d of %d", n, lines)
			}
		}
		res, err := Builtin().Read(bytes.NewReader(text), Request{
			Name: name,
			Row: func(r Row) {
				rows++
				check(r.Line)
				if r.Line < last {
					t.Errorf("line %d after %d", r.Line, last)
				}
				last = r.Line
				known := record.FieldsOf(r.Type)
				for field := range r.Fields {
					if !slices.ContainsFunc(known, func(k record.Field) bool { return k.Name == field }) {
						t.Errorf("%s has no field %s", r.Type, field)
					}
				}
			},
			Problem: func(p Problem) {
				check(p.Line)
				if p.Code != BadTime && p.Code != BadAmount {
					damaged++
				}
			},
		})
		if err != nil || rows != res.Rows || rows != res.Wanted || damaged != res.Damaged || rows > 0 && !res.Known() {
			t.Errorf("%v: %d rows, %d damaged, %+v", err, rows, damaged, res)
		}
	})
}

func FuzzMoment(f *testing.F) {
	for _, s := range []string{"2026-11-01 09:15:30.123", "26-11-01 09:15:30", "2026/11/01 09:15 +0900", "1793491530.123", "+09:00", "x(UTC+9)", "Asia/Tokyo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, _, ok := moment(s, time.UTC)
		if again, _, _ := moment(record.FormatTime(at), time.UTC); ok && !again.Equal(at) {
			t.Errorf("%q: %v, then %v", s, at, again)
		}
		epoch(s)
		nameZone(s)
		if loc, ok := ParseZone(s); ok && loc == nil {
			t.Errorf("%q: no zone", s)
		}
	})
}
