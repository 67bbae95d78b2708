"""The words of reports in Chinese, traditional and simplified; English is the key."""

_WORDS: dict[str, tuple[str, str]] = {
    "Sales": ("銷售", "销售"),
    "Revenue": ("營收", "营收"),
    "Orders": ("訂單數", "订单数"),
    "Average order": ("平均訂單", "平均订单"),
    "Gross margin": ("毛利率", "毛利率"),
    "Order book": ("未交訂單", "未交订单"),
    "Year before": ("去年同期", "去年同期"),
    "Change": ("增減", "增减"),
    "Share": ("占比", "占比"),
    "Month": ("月份", "月份"),
    "Day": ("日期", "日期"),
    "Customer": ("客戶", "客户"),
    "Code": ("代號", "代号"),
    "Product": ("產品", "产品"),
    "Quantity": ("數量", "数量"),
    "Promised": ("承諾交期", "承诺交期"),
    "To deliver": ("待交金額", "待交金额"),
    "Revenue by month": ("每月營收", "每月营收"),
    "Revenue by day": ("每日營收", "每日营收"),
    "Top customers": ("主要客戶", "主要客户"),
    "Top products": ("主要產品", "主要产品"),
    "Order book by promised month": ("依承諾月份的未交訂單", "按承诺月份的未交订单"),
    "All others": ("其他", "其他"),
    "without a name": ("未命名", "未命名"),
    "new": ("新", "新"),
    "So far": ("至今", "至今"),
    "so far": ("至今", "至今"),
    "Late": ("逾期", "逾期"),
    "Overdue": ("逾期", "逾期"),
    "Later": ("更晚", "更晚"),
    "No date": ("未定", "未定"),
    ".": ("。", "。"),
    "{count} orders": ("{count} 張訂單", "{count} 张订单"),
    "Revenue {span}: {total}": ("{span}營收 {total}", "{span}营收 {total}"),
    ", {change} against the year before": ("，與去年同期相比 {change}", "，与去年同期相比 {change}"),
    ". Highest: {best}, {value}.": ("。最高：{best}，{value}。", "。最高：{best}，{value}。"),
    "{name} comes first with {value}": ("{name}居首，{value}", "{name}居首，{value}"),
    "; the {count} largest of {total} make up {share} of the revenue": (
        "；{total} 個中最大的 {count} 個占營收 {share}",
        "；{total} 个中最大的 {count} 个占营收 {share}",
    ),
    "{total} is ordered and not yet delivered": ("已訂未交 {total}", "已订未交 {total}"),
    "; {overdue} of it ({share}) is overdue": (
        "，其中 {overdue}（{share}）已逾期",
        "，其中 {overdue}（{share}）已逾期",
    ),
    "Net amount of confirmed and completed orders by order date; returns count as negative.": (
        "依訂單日期計算已確認與已完成訂單的未稅金額；退貨以負數計。",
        "按订单日期计算已确认与已完成订单的未税金额；退货以负数计。",
    ),
    "Confirmed and completed orders by order date.": (
        "依訂單日期計算的已確認與已完成訂單數。",
        "按订单日期计算的已确认与已完成订单数。",
    ),
    "Revenue divided by the number of orders.": ("營收除以訂單數。", "营收除以订单数。"),
    "Revenue less the cost of what was sold, as a part of revenue.": (
        "營收減去銷貨成本後占營收的比例。",
        "营收减去销货成本后占营收的比例。",
    ),
    "The cost of {share} of the revenue is known.": (
        "其中 {share} 的營收有成本資料。",
        "其中 {share} 的营收有成本资料。",
    ),
    "Ordered and not yet delivered, whatever the period; a year before by delivery dates.": (
        "已訂購而尚未交貨的金額，與期間無關；去年同期依交貨日期推算。",
        "已订购而尚未交货的金额，与期间无关；去年同期按交货日期推算。",
    ),
    "There are no orders in this period.": ("此期間沒有訂單。", "此期间没有订单。"),
    "The period is not over; it is counted up to {day}.": (
        "期間尚未結束，計算至 {day}。",
        "期间尚未结束，计算至 {day}。",
    ),
    "There is nothing to compare with: the year before is not wholly in the source.": (
        "無從比較：來源中沒有去年同期的完整資料。",
        "无从比较：来源中没有去年同期的完整资料。",
    ),
    "Converted from {others} to {currency} at the rate of each order's date.": (
        "依各訂單日期的匯率由 {others} 換算為 {currency}。",
        "按各订单日期的汇率由 {others} 换算为 {currency}。",
    ),
    "This run was due {time} and is late; runs missed before it were not made up.": (
        "這份報表原定於 {time} 產生，現已延遲；先前錯過的不再補做。",
        "这份报表原定于 {time} 生成，现已延迟；先前错过的不再补做。",
    ),
    "As of {time}; the load of {later} failed: {reason}": (
        "資料截至 {time}；{later} 的讀取失敗：{reason}",
        "数据截至 {time}；{later} 的读取失败：{reason}",
    ),
    "Not in agreement: {what}": ("不相符：{what}", "不相符：{what}"),
    "{company}: debits are {found}, credits are {expected}.": (
        "{company}：借方 {found}，貸方 {expected}。",
        "{company}：借方 {found}，贷方 {expected}。",
    ),
    "{company}: open receivables are {found}, their accounts in the ledger {expected}.": (
        "{company}：未收帳款 {found}，總帳應收科目 {expected}。",
        "{company}：未收账款 {found}，总账应收科目 {expected}。",
    ),
    "{company}: open payables are {found}, their accounts in the ledger {expected}.": (
        "{company}：未付帳款 {found}，總帳應付科目 {expected}。",
        "{company}：未付账款 {found}，总账应付科目 {expected}。",
    ),
    "{company}: invoices and credit notes are {found}, sales in the ledger {expected}.": (
        "{company}：發票與折讓 {found}，總帳銷貨 {expected}。",
        "{company}：发票与红字发票 {found}，总账销售 {expected}。",
    ),
    "{company}: cash in less cash out is {found}, the balance changed by {expected}.": (
        "{company}：現金收支淨額 {found}，餘額變動 {expected}。",
        "{company}：现金收支净额 {found}，余额变动 {expected}。",
    ),
}

CATALOGUE: dict[str, dict[str, str]] = {
    "zh-Hant": {english: words[0] for english, words in _WORDS.items()},
    "zh-Hans": {english: words[1] for english, words in _WORDS.items()},
}
