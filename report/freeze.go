package report

import (
	"slices"

	"evidence-locker/report/typeset"
)

// freeze makes the request to the exchange that coins went to (recipients.md,
// section 5): hashes first, the story second. The reader is a stranger, so the
// document holds no more than it asks for; TestFreezeTellsNoMore has the list.
func (b *builder) freeze() {
	b.things["transfer"] = outgoing(b.ofIncident("transfer")) // what came in is not asked for
	b.title = b.s("資産の一時保留と記録保全のお願い", "Request to hold assets and preserve records")
	b.add(typeset.Heading{Level: 1, Text: b.title, ID: "top"})
	b.add(b.damageNote()...)
	b.add(b.part("ask")...)
	b.section("transfers", b.s("送金（UTC の時刻を先に示す）", "Transfers (UTC first)"), append(
		b.transactions(),
		typeset.Paragraph{Size: 8.5, Spans: typeset.Text(b.s(
			"推定は推定と書いた。アドレスがどのサービスのものかは推定であり、確かめられた事実ではない。意見や推測は本書に載せていない。",
			"Estimates are marked as such. Which service an address belongs to is an estimate, not a confirmed fact. Opinions and guesses are not in this document."))}))
	b.section("facts", b.s("起きたこと", "What happened"), b.part("facts"))
	b.optional("police", b.s("警察への届け出について", "On the report to the police"), b.holdRules())
	b.optional("officer", b.s("担当の警察官へ", "For the officer"), b.forOfficer())

	b.section("circumstances", b.circumstancesTitle(), b.circumstances())
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.section("losses", b.lossesTitle(), b.losses())
	b.section("actors", b.s("相手方", "The other side"), b.items("actor", b.s("相手方", "Party")))
	b.section("actions", b.s("した対応", "Steps taken"), b.lines("action", b.s("したこと", "Step"), "step", "text", "result"))
	b.section("contacts", b.s("ほかへの届け出と番号", "Reported elsewhere, with numbers"),
		b.itemsWithout([]string{"channel", "direction", "text", "reply", "due"}, "contact", b.s("やり取り", "Talk"), "with", "at", "inquiry_no"))
	b.section("scope", b.s("載せていないもの", "What is left out"), []typeset.Block{typeset.Paragraph{Spans: typeset.Text(b.s(
		"受取側の取引所が求めない次のものは、記録があっても本書に載せていない：ほかの取引所の口座、ログインの情報、注文、試みた操作、銀行での入出金、やり取りの内容、メモ、意見、入金側の送金。住所と電話番号は、求めに応じるときだけ載せる。",
		"What a receiving exchange does not ask for is not in this document even where it is recorded: accounts at other exchanges, login data, orders, attempts, bank transfers, the words of talks, notes, opinions, incoming transfers. Home address and telephone are given only on request."))}})
	b.ending()
}

// holdRules say what the receiving exchange publishes about the police, as of
// the copy that was read; where no exchange is recorded, what any does.
func (b *builder) holdRules() []typeset.Block {
	var at []string
	for _, v := range b.receivers() {
		if e, ok := b.exchanges.Lookup(plain(v)); ok {
			at = append(at, e.Key)
		} else {
			at = append(at, "")
		}
	}
	var l typeset.List
	for _, h := range b.file.Hold {
		if len(at) == 0 || slices.Contains(at, h.Exchange) {
			l.Items = append(l.Items, typeset.Text(b.s(h.JA, h.EN)))
		}
	}
	if len(l.Items) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Paragraph{Spans: []typeset.Span{{Bold: true, Text: b.s("公式サイトで要確認：", "To be confirmed on the official site:")}}}, l}
}

// forOfficer gives the identifiers as text: exchanges take them so, and not as a
// picture (recipients.md, rule 8).
func (b *builder) forOfficer() []typeset.Block {
	var rows []typeset.Field
	add := func(ja, en string, values [][]typeset.Span) {
		if v := distinct(values...); len(v) > 0 {
			rows = append(rows, typeset.Field{Label: b.s(ja, en), Value: v})
		}
	}
	add("TXID", "TXID", b.valuesOf("transfer", "txid"))
	add("受取側アドレス", "Receiving address", b.valuesOf("transfer", "to"))
	add("送付元アドレス", "From address", b.valuesOf("transfer", "from"))
	add("メモ・タグ", "Memo or tag", b.valuesOf("transfer", "memo"))
	add("相手方のアドレス", "Address of the other side", b.valuesOf("actor", "address"))
	add("相手方のメールアドレスなど", "E-mail, handle, domain, IP of the other side", b.valuesOf("actor", "email", "handle", "domain", "ip"))
	if len(rows) == 0 {
		return nil
	}
	return []typeset.Block{
		typeset.Paragraph{Spans: typeset.Text(b.s(
			"取引所は、警察官本人からの公的なメールアドレスによる照会を求める（私用のメールは受けない）。照会に要るもの：機関名とそのサイト、住所・電話・公的なメールアドレスのある書面、案件の概要、回答の期限、そして次の識別子を文字または表計算のファイルで。記録の保全、開示、凍結は別々の求めである。",
			"Exchanges want the request from the officer, from an official domain and not from free mail, with: the agency and its site, a letter with address, telephone and official e-mail, the context of the case, a deadline, and these identifiers as text or in a spreadsheet. Preservation, disclosure and freeze are three separate requests."))},
		typeset.Fields{LabelWidth: 46, Rows: rows},
	}
}
