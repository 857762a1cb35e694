package report

import (
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// labels name the fields of records, Japanese and English.
var labels = map[string][2]string{
	"incident.title":          {"件名", "Title"},
	"incident.exchange":       {"取引所", "Exchange"},
	"incident.kind":           {"種類", "Kind"},
	"incident.phase":          {"していたこと", "Phase"},
	"incident.started_at":     {"事象の発生", "The incident began"},
	"incident.ended_at":       {"事象の終了", "The incident ended"},
	"incident.noticed_at":     {"本人が気付いた", "Noticed by the person"},
	"incident.noticed_how":    {"気付いた経緯", "How it was noticed"},
	"incident.place":          {"場所", "Place"},
	"incident.url":            {"URL", "URL"},
	"incident.error_text":     {"エラーメッセージ", "Error text"},
	"incident.error_code":     {"エラーコード", "Error code"},
	"incident.summary":        {"要約", "Summary"},
	"incident.narrative":      {"状況", "Circumstances"},
	"incident.opinion":        {"意見・推測", "Opinion"},
	"incident.request":        {"してほしいこと", "What is asked"},
	"incident.suspected_from": {"不正アクセスの疑い（始まり）", "Suspected access (from)"},
	"incident.suspected_to":   {"不正アクセスの疑い（終わり）", "Suspected access (until)"},
	"incident.last_ok_at":     {"最後に正常を確認", "Last known good"},
	"incident.first_bad_at":   {"最初に異常を確認", "First known bad"},
	"incident.own_ip":         {"自分のIPアドレス", "Own IP address"},
	"incident.isp":            {"プロバイダ", "Internet provider"},
	"incident.current_risk":   {"残っている危険", "Remaining risk"},

	"account.exchange": {"取引所", "Exchange"},
	"account.number":   {"口座番号", "Account number"},
	"account.user_id":  {"ユーザーID", "User ID"},
	"account.email":    {"登録メールアドレス", "Registered e-mail"},
	"account.login_id": {"ログインID", "Login ID"},
	"account.name":     {"名義", "Holder"},
	"account.note":     {"備考", "Note"},

	"attempt.from":  {"試みの開始", "Attempts began"},
	"attempt.until": {"試みの終わり", "Attempts ended"},

	"order.id":            {"注文番号", "Order ID"},
	"order.exchange":      {"取引所", "Exchange"},
	"order.pair":          {"取引ペア", "Pair"},
	"order.side":          {"売買", "Side"},
	"order.type":          {"注文方法", "Type"},
	"order.quantity":      {"数量", "Quantity"},
	"order.price":         {"価格", "Price"},
	"order.filled":        {"約定数量", "Filled"},
	"order.average_price": {"平均約定価格", "Average price"},
	"order.placed_at":     {"注文日時", "Placed"},
	"order.filled_at":     {"約定日時", "Filled at"},
	"order.at":            {"日時", "Time"},
	"order.status":        {"状態", "Status"},
	"order.intended":      {"意図した内容", "Intended"},
	"order.slippage":      {"スリッページ", "Slippage"},
	"order.note":          {"備考", "Note"},
	"order.file":          {"出所", "From"},
	"order.line":          {"行", "Line"},

	"transfer.direction":    {"方向", "Direction"},
	"transfer.amount":       {"通貨・数量", "Coin and amount"},
	"transfer.fee":          {"手数料", "Fee"},
	"transfer.network":      {"ネットワーク", "Network"},
	"transfer.txid":         {"トランザクションID", "Transaction ID"},
	"transfer.from":         {"送付元アドレス", "From address"},
	"transfer.to":           {"送付先アドレス", "To address"},
	"transfer.memo":         {"メモ・タグ", "Memo or tag"},
	"transfer.at":           {"日時", "Time"},
	"transfer.status":       {"状態", "Status"},
	"transfer.service":      {"相手のサービス", "Service at the other end"},
	"transfer.explorer_url": {"エクスプローラ", "Explorer"},
	"transfer.value":        {"当時の価格", "Value then"},
	"transfer.value_source": {"価格の出所", "Source of the value"},
	"transfer.note":         {"備考", "Note"},
	"transfer.file":         {"出所", "From"},
	"transfer.line":         {"行", "Line"},

	"bank.direction": {"方向", "Direction"},
	"bank.bank":      {"銀行", "Bank"},
	"bank.branch":    {"支店", "Branch"},
	"bank.kind":      {"種別", "Kind of account"},
	"bank.number":    {"口座番号", "Account number"},
	"bank.holder":    {"名義", "Holder"},
	"bank.amount":    {"金額", "Amount"},
	"bank.at":        {"日時", "Time"},
	"bank.reference": {"振込番号など", "Reference"},
	"bank.note":      {"備考", "Note"},
	"bank.file":      {"出所", "From"},
	"bank.line":      {"行", "Line"},

	"loss.at":       {"日時", "Time"},
	"loss.value_at": {"価格の時刻", "Time of the price"},

	"actor.name":         {"名前・通称", "Name or alias"},
	"actor.address":      {"アドレス", "Address"},
	"actor.email":        {"メールアドレス", "E-mail"},
	"actor.phone":        {"電話", "Phone"},
	"actor.url":          {"URL", "URL"},
	"actor.domain":       {"ドメイン", "Domain"},
	"actor.ip":           {"IPアドレス", "IP address"},
	"actor.handle":       {"アカウント名", "Handle"},
	"actor.app":          {"アプリ", "App"},
	"actor.bank_account": {"銀行口座", "Bank account"},
	"actor.note":         {"備考", "Note"},

	"contact.with":       {"相手", "With"},
	"contact.channel":    {"方法", "Channel"},
	"contact.direction":  {"方向", "Direction"},
	"contact.inquiry_no": {"問い合わせ・受理番号", "Reference number"},
	"contact.at":         {"日時", "Time"},
	"contact.text":       {"伝えた内容", "What was said"},
	"contact.reply":      {"回答", "Reply"},
	"contact.officer":    {"担当者", "Officer"},
	"contact.station":    {"署・部署", "Station"},
	"contact.outcome":    {"結果", "Outcome"},
	"contact.due":        {"期限", "Due"},

	"note.at":     {"日時", "Time"},
	"action.at":   {"日時", "Time"},
	"evidence.at": {"資料の日時（本人の入力）", "Time given for the file"},

	"evidence.taken":        {"撮影・作成日時", "taken"},
	"evidence.made_with":    {"機器・ソフト", "made with"},
	"evidence.mail_from":    {"差出人", "from"},
	"evidence.mail_to":      {"宛先", "to"},
	"evidence.mail_subject": {"件名", "subject"},
	"evidence.mail_date":    {"日付", "date"},
	"evidence.mail_id":      {"メッセージID", "message ID"},
	"evidence.mail_hops":    {"経路（Received）", "way (Received)"},
	"evidence.mail_files":   {"添付ファイル名", "attachments"},

	"custody.action": {"扱い", "Action"},
	"custody.for":    {"宛先", "For"},
	"custody.format": {"形式", "Format"},
	"custody.lang":   {"言語", "Language"},
	"custody.name":   {"ファイル名", "File name"},
	"custody.sha256": {"SHA-256", "SHA-256"},
	"custody.size":   {"サイズ（バイト）", "Size (bytes)"},
	"custody.head":   {"ヘッド", "Head"},
	"custody.seqs":   {"記録番号", "Records"},
	"custody.note":   {"備考", "Note"},

	"under.incident": {"元の案件", "From incident"},
	"under.seqs":     {"記録番号", "Records"},
}

// fileLabels name what is known of a file, and photoLabels of a picture where
// the reader wants to know who took it, of what and when, as of any photograph
// (recipients.md, section 2.4). Nobody said that the time is that of taking it.
var (
	fileLabels = map[string][2]string{
		"note": {"説明", "What it shows"}, "at": labels["evidence.at"], "captured_by": {"取得者", "Captured by"},
	}
	photoLabels = map[string][2]string{
		"note": {"撮影対象（何を示すか）", "Subject (what it shows)"}, "captured_by": {"撮影者・取得者", "Taken or captured by"},
		"at": {"撮影日時・資料の日時（本人の入力）", "Time taken, or time given for the file"},
	}
)

func (b *builder) fileLabel(x exhibit, name string) string {
	l := fileLabels[name]
	if b.key == "police" && x.isPicture() {
		l = photoLabels[name]
	}
	return b.s(l[0], l[1])
}

// label names a field; one that has no name is shown by its path.
func (b *builder) label(t record.Type, name string) string {
	l, ok := labels[string(t)+"."+name]
	if !ok {
		return string(t) + "." + name
	}
	return b.s(l[0], l[1])
}

// words of values that the command line writes itself; those of one field stand
// behind its path.
var words = map[string][2]string{
	"transfer.direction in": {"受取（入金）", "in"}, "transfer.direction out": {"送付（出金）", "out"},
	"bank.direction in": {"入金", "in"}, "bank.direction out": {"出金", "out"},
	"contact.direction in": {"受信", "received"}, "contact.direction out": {"発信", "sent"},
	"contact.channel form": {"問い合わせフォーム", "contact form"}, "contact.channel chat": {"チャット", "chat"},
	"contact.channel mail": {"メール", "e-mail"}, "contact.channel email": {"メール", "e-mail"}, "contact.channel phone": {"電話", "phone"},
	"buy": {"買い（buy）", "buy"}, "sell": {"売り（sell）", "sell"},
	"support": {"サポート", "support"}, "police": {"警察", "police"}, "bank": {"銀行", "bank"},
	"lawyer": {"弁護士", "lawyer"}, "other": {"その他", "other"},
	"mobile": {"携帯", "mobile"}, "home": {"自宅", "home"}, "work": {"勤務先", "work"},
}

// typeNames name the types of records in lists of withdrawn and unknown ones.
var typeNames = map[record.Type][2]string{
	"incident": {"事実", "fact"}, "attempt": {"試み", "attempt"}, "account": {"口座", "account"},
	"order": {"注文", "order"}, "transfer": {"送金", "transfer"}, "bank": {"銀行", "bank"}, "loss": {"損失", "loss"},
	"actor": {"相手方", "other party"}, "evidence": {"資料", "exhibit"}, "note": {"メモ", "note"},
	"contact": {"やり取り", "contact"}, "under": {"編入", "belongs here"}, "action": {"措置", "step"},
	"reporter": {"本人", "reporter"}, "retract": {"取り消し", "retraction"}, "custody": {"取り扱い", "custody"},
	"key": {"鍵", "key"}, "device": {"端末", "device"},
}

func (b *builder) typeName(t record.Type) string {
	if n, ok := typeNames[t]; ok {
		return b.s(n[0], n[1])
	}
	return typeset.Printable(string(t))
}
