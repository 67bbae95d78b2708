"""What a push says, in the person's language."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal

Language = Literal["en", "zh-Hant", "zh-Hans"]
_ALIASES: dict[str, Language] = {"zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant"}


def language_of(locale: str) -> Language:
    """The closest of the languages we write in."""
    tag = locale.replace("_", "-").lower()
    if not tag.startswith("zh"):
        return "en"
    if tag.startswith("zh-hant") or tag in _ALIASES:
        return "zh-Hant"
    return "zh-Hans"


# Each in the order of `Language`'s names.
_SENTENCES = {
    "somebody": ("Somebody", "有人", "有人"),
    "says": ("{name}: {text}", "{name}：{text}", "{name}：{text}"),
    "mentions": ("{name} mentioned you: {text}", "{name} 提及了你：{text}", "{name} 提到了你：{text}"),
    "photo": ("{name} sent a photo", "{name} 傳送了照片", "{name} 发送了照片"),
    "photos": ("{name} sent {count} photos", "{name} 傳送了 {count} 張照片", "{name} 发送了 {count} 张照片"),
    "file": ("{name} sent {file}", "{name} 傳送了 {file}", "{name} 发送了 {file}"),
    "files": ("{name} sent {count} files", "{name} 傳送了 {count} 個檔案", "{name} 发送了 {count} 个文件"),
    "position": ("{name} sent a position", "{name} 傳送了位置", "{name} 发送了位置"),
    "news": ("News: {title}", "新聞：{title}", "新闻：{title}"),
    "joined": ("{name} added you to the room", "{name} 將你加入聊天室", "{name} 将你加入了聊天室"),
    "state": ("{name}: the task is {state}", "{name}：任務{state}", "{name}：任务{state}"),
    "given": ("{name} gave the task to {whom}", "{name} 將任務交給 {whom}", "{name} 将任务交给 {whom}"),
    "given_to_you": ("{name} gave you the task", "{name} 將任務交給你", "{name} 将任务交给你"),
    "given_to_nobody": ("{name}: the task is nobody's", "{name}：任務無人負責", "{name}：任务无人负责"),
    "target": ("{name}: the task is due {time}", "{name}：任務期限為 {time}", "{name}：任务期限为 {time}"),
    "reminder": ("The task is due {time}", "任務期限為 {time}", "任务期限为 {time}"),
    "overdue": (
        "The task is overdue: it was due {time}",
        "任務已逾期：期限為 {time}",
        "任务已逾期：期限为 {time}",
    ),
    "near": ("Begins {time}", "{time} 開始", "{time} 开始"),
    "made": ("New appointment: {time}", "新約會：{time}", "新约会：{time}"),
    "moved": ("Appointment changed: {time}", "約會已變更：{time}", "约会已变更：{time}"),
    "withdrawn": ("Cancelled: {time}", "已取消：{time}", "已取消：{time}"),
    "report_ready": ("The report is ready", "報表已備妥", "报表已就绪"),
    "report_failed": ("The report could not be made", "無法製作報表", "无法生成报表"),
    "alert": ("Needs attention: {text}", "需要處理：{text}", "需要处理：{text}"),
    "alert_over": ("Recovered: {text}", "已恢復：{text}", "已恢复：{text}"),
    "source_failed": ("It could not be read: {why}", "無法讀取：{why}", "无法读取：{why}"),
    "source_mismatched": ("It does not add up: {why}", "數字不相符：{why}", "数字不相符：{why}"),
    "source_good": ("It is in order again", "已恢復正常", "已恢复正常"),
    "as_of": ("{line}, as of {time}", "{line}，截至 {time}", "{line}，截至 {time}"),
    "person_title": ("Somebody new", "新成員", "新成员"),
    "person": ("{name} is here now", "{name} 加入了", "{name} 加入了"),
    "private_message": ("A new message", "一則新訊息", "一条新消息"),
    "private_messages": ("{count} new messages", "{count} 則新訊息", "{count} 条新消息"),
    "private_report": ("News of a report", "報表有更新", "报表有更新"),
    "private_reminder": ("A reminder", "一則提醒", "一条提醒"),
    "private_calendar": ("News in the calendar", "行事曆有更新", "日历有更新"),
    "private_news": ("There is news", "有新聞", "有新闻"),
    "private_alert": ("News of an alert", "警示有更新", "警报有更新"),
    "private_source": ("News of a source", "資料來源有更新", "数据源有更新"),
    "private_person": ("Somebody new is here", "有新成員加入", "有新成员加入"),
    "open": ("open", "待辦", "待办"),
    "in_progress": ("in progress", "進行中", "进行中"),
    "blocked": ("blocked", "受阻", "受阻"),
    "done": ("done", "已完成", "已完成"),
    "cancelled": ("cancelled", "已取消", "已取消"),
}
_COLUMN: dict[Language, int] = {"en": 0, "zh-Hant": 1, "zh-Hans": 2}


class Words:
    """One language and one time zone."""

    def __init__(self, locale: str, zone: ZoneInfo) -> None:
        language = language_of(locale)
        self._column = _COLUMN[language]
        # Of English, how times are written is the region's.
        self._locale = _known(locale) if language == "en" else Locale.parse(language, sep="-")
        self._zone = zone

    def __call__(self, sentence: str, **values: Any) -> str:
        return _SENTENCES[sentence][self._column].format(**values)

    def moment(self, time: datetime, now: datetime, *, all_day: bool = False) -> str:
        """A day and a time as the person's clock shows them; today's without the day."""
        local = time.astimezone(self._zone)
        day = format_date(local.date(), "medium", locale=self._locale)
        if all_day:
            return day
        clock = self.clock(time)
        return clock if local.date() == now.astimezone(self._zone).date() else f"{day} {clock}"

    def clock(self, time: datetime) -> str:
        return format_time(time.astimezone(self._zone), "short", tzinfo=self._zone, locale=self._locale)

    def figure(self, kpi: dict[str, Any]) -> str | None:
        """A key figure with how it moved: `Overdue 1.24M EUR, +8 % (Year before)`."""
        value = _number(kpi.get("value"))
        if value is None:
            return None
        unit = {"count": "", "ratio": "", "%": " %"}.get(
            kpi["unit"], f" {kpi.get('unit_label') or kpi['unit']}"
        )
        line = f"{kpi['label']} {self._short(value)}{unit}"
        comparison = kpi.get("comparison") or {}
        moved = _number(comparison.get("change_pct"))
        if moved is None or not moved.is_finite():
            return line
        change = format_decimal(abs(moved), "#,##0.#", locale=self._locale)
        sign = "+" if moved > 0 else "−" if moved < 0 else "±"
        return f"{line}, {sign}{change} % ({comparison['label']})"

    def _short(self, value: Decimal) -> str:
        if abs(value) < 1000:
            return format_decimal(value, "#,##0.##", locale=self._locale)
        return format_compact_decimal(value, fraction_digits=2, locale=self._locale)


def _known(locale: str) -> Locale:
    try:
        found = Locale.parse(locale.replace("_", "-"), sep="-")
    except (ValueError, LookupError):
        found = None
    return found if found and found.language == "en" else Locale("en")


def _number(text: Any) -> Decimal | None:
    try:
        return None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None
