"""Hook of mkdocs: makes the pages of docs/ readable for its Markdown, which is stricter than GitHub's."""
import re


def on_page_markdown(markdown, **_):
    # The tests find the commands of a page by a second word behind the language: "```sh unpack".
    return re.sub(r"^(```\w+) \w+$", r"\1", markdown, flags=re.MULTILINE)
