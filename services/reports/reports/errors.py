"""The refusals of reports: the code is contract, the sentence is for people."""

from kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Unavailable


def report_not_found() -> NotFound:
    return NotFound("report_not_found", "There is no such report, or it is not yours to see.")


def report_not_ready() -> Conflict:
    return Conflict("report_not_ready", "The report is not made yet, or could not be made.")


def part_not_found(what: str) -> NotFound:
    return NotFound(f"{what}_not_found", f"The report has no such {what}.")


def file_not_made() -> Unavailable:
    return Unavailable(
        "file_not_made", "This form of the report could not be made; try again in a while.", retry_after=60
    )


def too_many_files(most: int) -> TooMany:
    return TooMany("too_many_files", f"{most} files are still being made for you.", retry_after=5)


def point_not_found() -> NotFound:
    return NotFound("point_not_found", "The report has no such chart, or nothing of this name in it.")


def not_offered(source: str, view: str) -> Conflict:
    return Conflict("not_offered", f"The source {source} does not offer {view}, which this report needs.")


def subscription_not_found() -> NotFound:
    return NotFound("subscription_not_found", "There is no such subscription, or it is not yours.")


def source_not_found(name: str) -> NotFound:
    return NotFound("source_not_found", f"There is no source {name!r}.")


def not_the_source() -> Unauthenticated:
    return Unauthenticated("invalid_signature", "There is no such source, or it did not sign this call.")


def call_of_another_time(seconds: int) -> Invalid:
    why = f"The time of the call must be within {seconds} seconds of ours."
    return Invalid("invalid_timestamp", why, [{"loc": ["X-Bchat-Timestamp"], "msg": why}])


def too_many_calls(most: int) -> TooMany:
    return TooMany("too_many_calls", f"{most} calls a minute are enough.", retry_after=60)


def unknown_type(name: object, known: list[str]) -> Invalid:
    why = f"There is no report {name!r}; there are: {', '.join(known)}."
    return Invalid("invalid_report", why, [{"loc": ["type"], "msg": why}])


def group_not_found() -> NotFound:
    return NotFound("group_not_found", "There is no such group, or you can't see it.")


def not_a_member() -> Forbidden:
    return Forbidden("not_a_member", "Only a member of the group may send a report into it.")


def group_ended() -> Conflict:
    return Conflict("group_ended", "The group has ended; nothing new goes into it.")


def customers_see_no_sources() -> Forbidden:
    return Forbidden("permission_required", "Only staff see the sources.")


def customers_see_their_own() -> Forbidden:
    return Forbidden("permission_required", "Customers see reports of their own orders and invoices only.")


def customer_not_linked() -> Forbidden:
    return Forbidden(
        "customer_not_linked", "Nobody has said yet which customer of the source this account stands for."
    )


def several_customers() -> Conflict:
    return Conflict(
        "several_customers", "Customers of several companies are in the group: one would see another's rows."
    )


def rows_of_another() -> Conflict:
    return Conflict("rows_of_another", "A customer is in the group, and these are not their rows.")


def party_not_found() -> NotFound:
    return NotFound("party_not_found", "The source has no such customer or supplier.")


def not_a_customer() -> Conflict:
    return Conflict("not_a_customer", "Only a customer's account stands for a party of a source.")


def alert_not_found() -> NotFound:
    return NotFound("alert_not_found", "There is no such alert, or it is not yours to see.")


def too_dense(minutes: int) -> Invalid:
    why = f"At least {minutes} minutes must lie between two reports."
    return Invalid("too_dense", why, [{"loc": ["schedule", "cron"], "msg": why}])


def not_to_be_told() -> Invalid:
    why = "There is no such person, or they may not see reports of this type."
    return Invalid("invalid_subscription", why, [{"loc": ["escalation"], "msg": why}])


def wrong_trigger(why: str, *place: str) -> Invalid:
    return Invalid("invalid_subscription", why, [{"loc": ["trigger", *place], "msg": why}])


def too_many_reports(most: int) -> TooMany:
    return TooMany("too_many_reports", f"{most} of your reports are still being made.", retry_after=10)


def too_many_subscriptions(most: int) -> Conflict:
    return Conflict(
        "too_many_subscriptions", f"You have {most} subscriptions, which is as many as there may be."
    )
