"""An article's Markdown as HTML that can do a reader no harm.

Raw HTML is text to the parser, and what it makes passes a sanitizer that lets only these tags through: a
mistake in one of the two is not enough.
"""

from collections.abc import Sequence
from html import escape, unescape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Above these stand the titles of the page and of the article.
FIRST_HEADING, LAST_HEADING = 3, 6


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + FIRST_HEADING - 1, LAST_HEADING)}"


def _image_as_link(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    """An image from elsewhere would tell its server who reads, and when."""
    address = escape(str(tokens[index].attrs["src"]))
    return f'<a href="{address}">{escape(tokens[index].content) or address}</a>'


_PARSER = MarkdownIt("gfm-like", {"html": False, "linkify": True})
_PARSER.core.ruler.push("lower_headings", _lower_headings)
_PARSER.add_render_rule("image", _image_as_link)

_CLEANER = nh3.Cleaner(
    tags={
        *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li"),
        *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
    },
    attributes={"a": {"href", "title"}, "ol": {"start"}, "th": {"style"}, "td": {"style"}},
    filter_style_properties={"text-align"},
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_TEXT = nh3.Cleaner(tags=set())


def rendered(markdown: str) -> str:
    """The article's HTML."""
    return _CLEANER.clean(_PARSER.render(markdown))


def plain(html: str) -> str:
    """An article's text without its form, on one line."""
    return " ".join(unescape(_TEXT.clean(html)).split())
