"""What publishers write can do their readers no harm, nor can the pictures they bring."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.errors import Refusal
from kit.store import Store
from news import admin
from news.markdown import plain, rendered
from news.models import Article
from PIL import Image

from .conftest import House

Refused = Callable[..., Refusal]
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# One\n\n###### Six", "<h3>One</h3>\n<h6>Six</h6>\n"),
        ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>\n"),
        ("[x](https://x.example)", f'<p><a href="https://x.example" {LINK}>x</a></p>\n'),
        ("https://x.example", f'<p><a href="https://x.example" {LINK}>https://x.example</a></p>\n'),
        ("![logo](https://x.example/a)", f'<p><a href="https://x.example/a" {LINK}>logo</a></p>\n'),
        (
            "![](https://x.example/?a&b)",
            f'<p><a href="https://x.example/?a&amp;b" {LINK}>https://x.example/?a&amp;b</a></p>\n',
        ),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](//x.example) [y](/api/v1/me)", f"<p><a {LINK}>x</a> <a {LINK}>y</a></p>\n"),
        ("<b onclick=x>y</b>", "<p>&lt;b onclick=x&gt;y&lt;/b&gt;</p>\n"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
        ("```js\nx<y\n```", "<pre><code>x&lt;y\n</code></pre>\n"),
        (
            "|a|\n|-:|\n|1|",
            '<table>\n<thead>\n<tr>\n<th style="text-align:right">a</th>\n</tr>\n</thead>\n'
            '<tbody>\n<tr>\n<td style="text-align:right">1</td>\n</tr>\n</tbody>\n</table>\n',
        ),
    ],
)
def test_markdown_becomes_html_that_is_harmless(markdown: str, html: str) -> None:
    assert rendered(markdown) == html


@given(st.text(st.sampled_from("<>\"'`&![]()#*_|:/\\\n -=ahjsx.")) | st.text())
def test_no_markdown_makes_anything_that_runs_or_loads(markdown: str) -> None:
    html = rendered(markdown).lower()
    tags = {part.partition(">")[0].split(" ")[0].strip("/") for part in html.split("<")[1:]}
    assert tags <= {
        *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li"),
        *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
    }
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# A\n\nb **c**, d\n- e\n- f", "A b c, d e f"),
        ("1 < 2 & <b>", "1 < 2 & <b>"),
        ("[//]: # (hidden)", ""),
        ("***", ""),
    ],
)
def test_the_text_is_what_is_read_in_plain_words(markdown: str, text: str) -> None:
    assert plain(rendered(markdown)) == text


def test_a_summary_is_the_beginning_of_the_text(house: House) -> None:
    mei = house.publisher()
    for body, summary in (("新闻" * 120, "新闻" * 120), ("新闻" * 121, "新闻" * 119 + "新…")):
        id = house.article(mei, body=body)
        assert house.news(mei).get(article_id=id)["summary"] == summary


def test_after_a_change_of_the_rules_all_articles_are_rendered_anew(house: House) -> None:
    id = house.article(house.publisher(), body="*new*")
    with house.db() as tx:
        tx.query(Article).update({"html": "old", "text": "old"})
    assert admin.render(house.db) == 1
    with house.db() as tx:
        article = tx.get_one(Article, id)
        assert (article.html, article.text) == ("<p><em>new</em></p>\n", "new")


# Pictures


def brought(store: Store) -> str:
    """The key of a picture that came in."""
    out = io.BytesIO()
    Image.new("RGB", (200, 100), "teal").save(out, "PNG")
    store.put("incoming/1", out.getvalue())
    return "incoming/1"


def test_a_picture_is_drawn_anew_and_handed_to_readers(house: House, store: Store, refused: Refused) -> None:
    mei, tom, eve = house.publisher(), house.person(), house.person("customer")
    id = house.article(mei, "staff")
    assert refused(house.news(tom).picture, article_id=id).code == "no_picture"
    answer = house.news(mei, PICTURE_PIXELS=100).set_picture(article_id=id, incoming_key=brought(store))
    assert (answer["picture"]["width"], answer["picture"]["height"], answer["version"]) == (100, 50, 2)
    told = house.news(tom).picture(article_id=id)
    content = store.get(told["key"])
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (100, 50))
    assert (told["content_type"], told["size"]) == ("image/jpeg", len(content))
    assert told["etag"] == answer["picture"]["etag"]
    assert refused(house.news(eve).picture, article_id=id).code == "article_not_found"
    type, data, audience = house.said()[-1]
    assert (type, data["changed"], audience) == ("news.changed", ["picture"], ["staff"])


def test_the_old_picture_goes_when_another_comes_or_none(
    house: House, store: Store, refused: Refused
) -> None:
    mei = house.publisher()
    id = house.article(mei)
    keys = []
    for _ in range(2):
        house.news(mei).set_picture(article_id=id, incoming_key=brought(store))
        keys.append(house.news(mei).picture(article_id=id)["key"])
    with pytest.raises(FileNotFoundError):
        store.get(keys[0])
    assert store.get(keys[1])
    house.news(mei).remove_picture(article_id=id)
    with pytest.raises(FileNotFoundError):
        store.get(keys[1])
    assert refused(house.news(mei).picture, article_id=id).code == "no_picture"
    before = house.state()
    house.news(mei).remove_picture(article_id=id)
    assert house.state() == before


def test_a_picture_of_a_draft_is_not_told(house: House, store: Store) -> None:
    mei = house.publisher()
    id = house.article(mei, draft=True)
    house.news(mei).set_picture(article_id=id, incoming_key=brought(store))
    assert house.said() == []
    house.news(mei).edit(article_id=id, changes={"draft": False})
    assert house.said()[0][1]["article"]["picture"]["width"] == 200


def test_what_is_no_picture_is_refused_and_leaves_nothing(
    house: House, store: Store, refused: Refused, tmp_path: Path
) -> None:
    mei = house.publisher()
    id, ended = house.article(mei), house.article(mei)
    house.news(mei).withdraw(article_id=ended)
    before = house.state()
    store.put("incoming/2", b"<svg onload=alert(1)>")
    refusal = refused(house.news(mei).set_picture, article_id=id, incoming_key="incoming/2")
    assert refusal.code == "invalid_picture"
    refusal = refused(house.news(mei).set_picture, article_id=ended, incoming_key=brought(store))
    assert refusal.code == "article_ended"
    assert house.state() == before
    assert list((tmp_path / "news").glob("*")) == []
