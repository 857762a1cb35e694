package main

import (
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// Everything in the demo is made up and says so. The addresses and transaction
// ids were computed from a hash and belong to nobody; hosts end in .example and
// IP addresses are those kept for documentation.
const (
	demoBTCAddress = "bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86"
	demoBTCTxID    = "3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9"
	demoSOLAddress = "9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3o"
	demoSOLTxID    = "1XTRN2RJN5MfCYf2UTVo8dcmei94CvVB2BBWvvograKBRzTW7RaDH79KZ4NSHQNUNLf3DwSbhdsgmDYptsM2d21"
	demoHost       = "https://bitbank.example"
)

var demoZone = time.FixedZone("JST", 9*60*60)

// demoTime is a moment on the night of the made-up incident.
func demoTime(hour, minute, second int) time.Time {
	return time.Date(2026, 11, 3, hour, minute, second, 0, demoZone)
}

func demoAt(hour, minute, second int) record.Time {
	return record.Time{At: demoTime(hour, minute, second)}
}

// demoScreens are the screenshots that the made-up person took.
func demoScreens() []demoScreen {
	return []demoScreen{
		{
			file: "01_出金履歴.png", url: demoHost + "/demo/withdrawals", clock: "2026/11/03 (火) 7:12",
			title: "出金履歴", note: "見本 太郎 様　口座番号 000-DEMO-0001　表示時刻は日本時間",
			columns: []demoColumn{{"日時", 255}, {"通貨", 90}, {"数量", 160}, {"送付先アドレス ／ TxID", 1190}, {"状態", 100}},
			rows: [][]string{
				{"2026/11/03 02:14:09", "BTC", "0.05000000", demoBTCAddress + "\n" + demoBTCTxID, "完了"},
				{"2026/11/03 02:31:00", "SOL", "1.50000000", demoSOLAddress + "\n" + demoSOLTxID, "完了"},
				{"2026/10/12 18:40:22", "BTC", "0.00200000", "3DJzLropXiwRhykBWUodg5miFtc25CAJ1P\nb9e26c232406b885464c1543f46884481878975b940a54f2f0213597d06c294f", "完了"},
			},
			suspicious: []int{0, 1},
		},
		{
			file: "02_ログイン履歴.png", url: demoHost + "/demo/logins", clock: "2026/11/03 (火) 7:14",
			title: "ログイン履歴", note: "身に覚えのないログインがある場合は、お問い合わせください（見本）",
			columns: []demoColumn{{"日時", 300}, {"IPアドレス", 300}, {"端末", 500}, {"結果", 300}, {"二段階認証", 300}},
			rows: [][]string{
				{"2026/11/03 07:06:31", "192.0.2.10", "Windows / Chrome", "成功", "あり"},
				{"2026/11/03 02:10:44", "203.0.113.77", "Linux / 不明なブラウザ", "成功", "あり"},
				{"2026/11/03 02:08:02", "203.0.113.77", "Linux / 不明なブラウザ", "失敗", "－"},
				{"2026/11/01 21:15:10", "192.0.2.10", "Windows / Chrome", "成功", "あり"},
			},
			suspicious: []int{1, 2},
		},
		{
			file: "03_注文履歴.png", url: demoHost + "/demo/orders", clock: "2026/11/03 (火) 7:15",
			title: "注文履歴", note: "現物取引　最近の注文（見本）",
			columns: []demoColumn{{"注文ID", 240}, {"通貨ペア", 170}, {"売/買", 120}, {"タイプ", 120}, {"数量", 200}, {"価格", 250}, {"注文日時", 330}, {"ステータス", 300}},
			rows: [][]string{
				{"90000000003", "xrp_jpy", "売", "成行", "800.0000", "350.125", "2026/11/03 02:12:40", "全約定"},
				{"90000000001", "btc_jpy", "買", "指値", "0.01000000", "10000000", "2026/11/01 09:15:30", "全約定"},
			},
			suspicious: []int{0},
		},
		{
			file: "04_エラー画面.png", url: demoHost + "/demo/security/lock", clock: "2026/11/03 (火) 7:21",
			title: "口座の一時停止", note: "停止の手続き（見本）", failure: "503 Service Unavailable",
		},
	}
}

// demoText is a text in the language of the documents.
type demoText func(ja, en string) record.Text

// demoPerson is the made-up victim.
func demoPerson(s demoText) []locker.Fact {
	return []locker.Fact{{Type: record.Reporter, Fields: record.Fields{
		"name": demoName(s), "kana": record.Text("みほん たろう"), "address": s("東京都見本区見本町1-2-3（架空）", "1-2-3 Mihon-cho, Mihon-ku, Tokyo (made up)"),
		"phone": record.Text("000-0000-0000"), "phone_kind": record.Text("mobile"), "email": record.Text("taro.demo@example.com"),
		"age": record.Text("41"), "occupation": s("会社員（架空）", "office worker (made up)"),
	}}}
}

func demoName(s demoText) record.Text { return s("見本 太郎（DEMO）", "Taro Mihon (DEMO)") }

// demoFacts is the made-up incident: coins taken out of the account at night.
func demoFacts(s demoText) []locker.Fact {
	amount := func(text string) record.Amount {
		a, _ := record.ParseAmount(text)
		return a
	}
	return []locker.Fact{
		{Type: record.Incident, Fields: record.Fields{
			"title":    s("【見本・DEMO】夜間に身に覚えのない出金が2件あった", "[DEMO, made up] two withdrawals at night that were not mine"),
			"exchange": record.Text("bitbank"), "kind": record.Text("theft"),
			"summary": s("就寝中に何者かがログインし、0.05 BTC と 1.5 SOL を出金した。（見本）", "While I was asleep somebody logged in and withdrew 0.05 BTC and 1.5 SOL. (demo)"),
			"narrative": s("2026年11月2日23時30分ごろ、ログアウトして就寝した。\n"+
				"11月3日7時5分、出金完了のメール2通に気付いた。\n"+
				"7時6分、自分の端末からログインし、出金履歴に身に覚えのない出金2件、ログイン履歴に203.0.113.77からのログインを見た。\n"+
				"7時20分から口座の停止を試みたが、503の画面が出て受け付けられなかった。\n"+
				"7時40分、フォームから停止を依頼した。",
				"At about 23:30 on 2 November 2026 I logged out and went to bed.\n"+
					"At 7:05 on 3 November I noticed two mails saying that withdrawals were completed.\n"+
					"At 7:06 I logged in from my own device and saw two withdrawals that were not mine, and a login from 203.0.113.77.\n"+
					"From 7:20 I tried to lock the account; a 503 page came back each time.\n"+
					"At 7:40 I asked for the lock by the contact form."),
			"opinion":    s("数日前に届いたメールのリンクから偽の画面に入力した可能性があると思う。", "I think I may have typed my login into a false page that a mail of some days ago led to."),
			"request":    s("口座の停止、ログイン・出金の記録の保全、出金先の調査と先方への連絡をお願いします。", "Please lock the account, preserve the login and withdrawal records, and trace and contact the receiving side."),
			"started_at": demoAt(2, 14, 9), "ended_at": demoAt(2, 31, 0), "noticed_at": demoAt(7, 5, 0),
			"noticed_how": s("出金完了のメールで気付いた", "by the mails about completed withdrawals"),
			"place":       s("自宅（就寝中）", "at home, asleep"), "url": record.Text(demoHost + "/demo/withdrawals"),
			"suspected_from": demoAt(2, 8, 2), "suspected_to": demoAt(2, 31, 0), "last_ok_at": record.Time{At: demoTime(0, 0, 0).Add(-30 * time.Minute)},
			"error_text": record.Text("503 Service Unavailable"), "own_ip": record.Text("192.0.2.10"),
		}},
		{Type: record.Incident, Fields: record.Fields{"kind": record.Text("takeover")}},
		{Type: record.Account, Fields: record.Fields{"exchange": record.Text("bitbank"), "number": record.Text("000-DEMO-0001"),
			"user_id": record.Text("demo-user-0O1lI"), "email": record.Text("taro.demo@example.com"), "name": demoName(s)}},
		{Type: record.Order, Fields: record.Fields{"id": record.Text("90000000003"), "exchange": record.Text("bitbank"), "pair": record.Text("xrp_jpy"), "side": record.Text("sell"),
			"type": record.Text("market"), "quantity": record.Text("800.0000"), "price": record.Text("350.125"), "placed_at": demoAt(2, 12, 40),
			"status": record.Text("FULLY_FILLED"), "note": s("自分の注文ではない", "not placed by me")}},
		{Type: record.Transfer, Fields: record.Fields{"direction": record.Text("out"), "amount": amount("0.05000000 BTC"), "network": record.Text("BTC"),
			"txid": record.Text(demoBTCTxID), "to": record.Text(demoBTCAddress), "at": demoAt(2, 14, 9), "status": record.Text("DONE")}},
		{Type: record.Transfer, Fields: record.Fields{"direction": record.Text("out"), "amount": amount("1.50000000 SOL"), "network": record.Text("solana"),
			"txid": record.Text(demoSOLTxID), "to": record.Text(demoSOLAddress), "at": demoAt(2, 31, 0), "status": record.Text("DONE")}},
		{Type: record.Loss, Fields: record.Fields{"amount": amount("0.05000000 BTC"), "value": amount("500000 JPY"), "value_at": demoAt(2, 14, 0),
			"value_source": s("見本の価格 10,000,000 円/BTC", "made-up price, 10,000,000 JPY per BTC")}},
		{Type: record.Loss, Fields: record.Fields{"amount": amount("1.50000000 SOL"), "value": amount("45000 JPY"), "value_at": demoAt(2, 31, 0),
			"value_source": s("見本の価格 30,000 円/SOL", "made-up price, 30,000 JPY per SOL")}},
		{Type: record.Attempt, Fields: record.Fields{"what": s("口座の一時停止", "lock the account"), "saw": record.Text("503 Service Unavailable"),
			"from": demoAt(7, 20, 0), "until": demoAt(7, 35, 0), "times": record.Int(6)}},
		{Type: record.Actor, Fields: record.Fields{"ip": record.Text("203.0.113.77"), "note": s("ログイン履歴に表示されたIPアドレス", "shown in the login history")}},
		{Type: record.Action, Fields: record.Fields{"step": s("別の端末からパスワードを変更した", "changed the password from another device"), "at": demoAt(7, 38, 0)}},
		{Type: record.Contact, Fields: record.Fields{"with": record.Text("support"), "channel": s("問い合わせフォーム", "contact form"), "direction": record.Text("out"),
			"inquiry_no": record.Text("DEMO-INQ-0001"), "at": demoAt(7, 40, 0), "text": s("口座の停止と記録の保全を依頼した", "asked to lock the account and to preserve the records"),
			"reply": s("自動返信：受け付けました（見本）", "automatic reply: received (demo)")}},
	}
}

// demoMail is the mail that the made-up person found in the morning, as it was
// saved.
func demoMail(s demoText) (name, content string, fields record.Fields) {
	content = "Return-Path: <bounce@mail.bitbank.example>\r\n" +
		"Received: from out.bitbank.example (out.bitbank.example [198.51.100.7])\r\n" +
		"\tby mx.example.com with ESMTPS id DEMO1; Tue, 03 Nov 2026 02:14:12 +0900\r\n" +
		"From: " + string(s("見本取引所", "Demo exchange")) + " <noreply@bitbank.example>\r\n" +
		"To: taro.demo@example.com\r\n" +
		"Subject: " + string(s("【見本】出金が完了しました", "[DEMO] Your withdrawal is complete")) + "\r\n" +
		"Date: Tue, 03 Nov 2026 02:14:11 +0900\r\n" +
		"Message-ID: <demo-1@bitbank.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
		string(s("次の出金が完了しました。（見本）", "This withdrawal is complete. (demo)")) + "\r\n" +
		"0.05000000 BTC\r\n" + demoBTCAddress + "\r\n" + demoBTCTxID + "\r\n"
	return string(s("05_出金完了メール.eml", "05_withdrawal_mail.eml")), content, record.Fields{
		"note": s("出金完了のメール（ヘッダー付き）", "mail about the completed withdrawal, with its headers"),
		"at":   demoAt(7, 30, 0), "captured_by": demoName(s),
	}
}

// demoCaptions are what the screenshots show, in the order of demoScreens, and
// when they were taken.
func demoCaptions(s demoText) []record.Fields {
	by := demoName(s)
	return []record.Fields{
		{
			"note": s("出金履歴。身に覚えのない出金2件", "withdrawal history with two withdrawals that were not mine"),
			"at":   demoAt(7, 12, 0), "url": record.Text(demoHost + "/demo/withdrawals"), "captured_by": by,
		},
		{
			"note": s("ログイン履歴。203.0.113.77 からのログイン", "login history with logins from 203.0.113.77"),
			"at":   demoAt(7, 14, 0), "url": record.Text(demoHost + "/demo/logins"), "captured_by": by,
		},
		{
			"note": s("注文履歴。自分のものではない売り注文", "order history with a sell order that was not mine"),
			"at":   demoAt(7, 15, 0), "url": record.Text(demoHost + "/demo/orders"), "captured_by": by,
		},
		{
			"note": s("停止の手続きで出た503の画面", "503 page in place of the lock form"),
			"at":   demoAt(7, 21, 0), "url": record.Text(demoHost + "/demo/security/lock"), "captured_by": by,
		},
	}
}
