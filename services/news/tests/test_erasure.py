"""What somebody has read who is erased, nobody can tell; what they published stays the company's."""

from kit.testing import hear_event
from news.events import UserErased

from .conftest import House


def test_read_marks_go_and_articles_stay(house: House) -> None:
    mei, tom, ann = house.publisher(), house.person(), house.person()
    article = house.article(mei)
    for who in (tom, ann):
        house.news(who).read(article_id=article)
    assert [item["row"]["title"] for item in house.news(mei).kept(user_id=mei.id)["items"]] == ["Gate 4"]
    for who in (tom, mei):
        house.news(who).user_erased(hear_event(UserErased, user_id=who.id))
    waiting = [len(house.news(who).list(unread=True)["items"]) for who in (tom, ann)]
    assert waiting == [1, 0]
