"""Patterns find what expressions find, and always end in time, whatever the pattern and the text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.patterns import PatternError, compiled

# CPU time. Less is needed; the rest is for a machine that is busy with other things.
COMPILED_S = 0.5
SEARCHED_S = 0.1
# A key is 255 bytes at most.
TEXTS = ["a" * 255, "a" * 250 + "!", "ab" * 127, "\n" * 255, "ü" * 127, ""]

SLOW = [
    # Linear, in RE2.
    r"(a+)+$",
    r"(a|a)*b",
    r"(a*)*b",
    r"(.*)*(.*)*(.*)*x",
    r"(?:a?){500}a{500}",
    "(?:a|b)*a" + "(?:a|b)" * 300,
    "((.*)*)*" * 200,
    ".{1000}",
    r"(?i)" + r"\pL" * 10,
    "|".join(f"queue-{number}" for number in range(300)),
    # What RE2 does not know.
    r"(?=a)(a+)+$",
    r"(?!b)(a|a)*c",
    r"(?!b)(?:a?)+(?:a?)+(?:a?)+(?:a?)+\Z.",
    r"(a*)*\1!!",
    r"(?s)(?:(.)(?=.*\1))*$",
    r"(?=(a+))*(a|aa)+\Z.",
    r"(?<=a.*.*.*.*.*.*)c|(?!(a+)+$)!!",
    r"(?!b)" + "a?" * 100 + "a" * 100,
    "((?=a)" * 100 + "(a|a)*c" + ")" * 100,
]  # fmt: skip

REFUSED = {
    r"(?:(?:(?:a{1000}){1000}){1000}){1000}": "number too big",
    r"a{1001}": "number too big",
    r"(a{100}){100}": "number too big",
    r"(?!x)(?:(?:(?:a{1000}){1000}){1000}){1000}": "is known in patterns of 1000 bytes at most",
    "(?!x)" + "a" * 1000: "is known in patterns of 1000 bytes at most",
    "(?=a)" + "(" * 18 + "a" + ")+" * 18: "is known in patterns of 1000 bytes at most",
    r"(?x)(?=a)(a)  +": "unrecognized character after (?",
    r"(a)(?#)+(?=a)": "unrecognized character after (?",
    "a" * 4097: "too large",
    r"(?i)" + r"\pL" * 1300: "classes of Unicode",
    "(?=a)" + "(" * 400 + ")" * 400: "nested too deeply",
    r"(?R)": "unrecognized character after (?",
    r"(?1)(a)": "unrecognized character after (?",
    r"(?e)(?:abc)": "unrecognized character after (?",
    "\ud800": "invalid UTF-8",
}

# As PCRE 8.44 says it in Erlang/OTP 25.
WRONG = {
    "(": '{"missing )",1}',
    "(?!a": '{"missing )",4}',
    "a)": '{"unmatched parentheses",1}',
    "x[a": '{"missing terminating ] for character class",3}',
    "a|*": '{"nothing to repeat",2}',
    "a**": '{"nothing to repeat",2}',
    "a\\": '{"\\\\ at end of pattern",2}',
    r"(a)\2": '{"reference to non-existent subpattern",5}',
    "(?P<n": '{"syntax error in subpattern name (missing terminator)",5}',
    "(?foo)": '{"unrecognized character after (? or (?-",2}',
    "x" * 5000: '{"regular expression is too large",0}',
}


@pytest.mark.parametrize("pattern", SLOW)
def test_no_text_takes_long(pattern):
    began = time.process_time()
    found = compiled(pattern)
    assert time.process_time() - began < COMPILED_S
    for text in TEXTS:
        began = time.process_time()
        found.search(text)
        assert time.process_time() - began < SEARCHED_S


@pytest.mark.parametrize(("pattern", "why"), REFUSED.items())
def test_what_could_take_all_time_and_memory_is_refused_at_once(pattern, why):
    began = time.process_time()
    with pytest.raises(PatternError, match=re.escape(why)):
        compiled(pattern)
    assert time.process_time() - began < COMPILED_S


@pytest.mark.parametrize(("pattern", "refusal"), WRONG.items())
def test_what_is_no_expression_is_refused_in_rabbitmqs_words(pattern, refusal):
    with pytest.raises(PatternError) as caught:
        compiled(pattern)
    assert str(caught.value) == refusal


def test_who_sends_slow_texts_takes_little_of_everybodys_time_and_others_are_answered_rightly():
    found = compiled(r"^(?!amq\.)(a+)+$")
    began = time.process_time()
    for number in range(200):
        assert not found.search("a" * 200 + str(number))
        assert found.search("aaa")
        assert not found.search("amq.a")
    assert time.process_time() - began < 200 * 0.002


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "", True),
        ("b", "abc", True),
        ("B", "abc", False),
        ("^$", "", True),
        ("^$", "a", False),
        ("^amq\\.", "amq.direct", True),
        ("^(?!amq\\.).*", "amq.direct", False),
        ("^(?!amq\\.).*", "orders", True),
        ("^(.)\\1$", "aa", True),
        ("^(.)\\1$", "ab", False),
        ("^a++b$", "aab", True),
        ("(?<=x)y\\Z", "xy", True),
        ("(?i)ORDERS", "orders", True),
        ("^hüte$", "hüte", True),
        # A dot is one byte, as in RabbitMQ.
        ("^h..te$", "hüte", True),
        ("^h.te$", "hüte", False),
        ("[[:alpha:]]", "a", True),
        ("^a.c$", "a\nc", False),
        ("\\Qa.c\\E", "abc", False),
    ],
)
def test_it_finds_what_rabbitmq_finds(pattern, text, found):
    assert compiled(pattern).search(text) is found


ORDINARY = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\.", r"\w", r"\d", "^", "$", "ü"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)


@given(
    pattern=ORDINARY,
    ahead=st.sampled_from(["", "(?=a)", "(?!a)", r"(?<!b)"]),
    text=st.text(alphabet="ab.ü1", max_size=8),
)
def test_it_finds_what_pythons_expressions_find(pattern, ahead, text):
    expression = ahead + pattern.replace("{2}", "*").replace("{1,3}", "?").replace(")+", ")*") if ahead else pattern
    expected = re.search(expression.encode(), text.encode())
    assert compiled(expression).search(text) is (expected is not None)
