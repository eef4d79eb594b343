r"""Patterns: regular expressions over names that always end in time, for permissions and policies.

RabbitMQ asks PCRE, which may try for ever and so has a limit of steps; who meets it has no match. Here RE2 answers,
whose time is linear in the text. What RE2 does not know and PCRE does (look-around as in ``^(?!amq\.)``, back
references, possessive repetition, ``\Z``) the backtracking ``regex`` answers, within a limit of time.

Texts are looked at as bytes, as RabbitMQ does: a dot is one byte of UTF-8. Where RE2 reads otherwise than PCRE: ``$``
is the end of the text only, not also before a last line feed; ``\s`` and ``\v`` are RE2's.
"""

import re
from typing import Any, Final

import re2

# Long enough for a hundred names side by side.
_MAX_BYTES: Final = 4096
# RE2's program and its cache of states. The largest pattern that is allowed needs less; with 256 KiB its cache was
# given up more often, and matching slowed down to no less than a hundredth.
_MEMORY_BYTES: Final = 1 << 20
# Each class of Unicode takes RE2 10 ms to compile where case does not count: 13 s for as many as 4096 bytes hold.
_CLASSES_MAX: Final = 10
# What goes to ``regex`` is shorter and repeats little, as its compiler unrolls that. It took all memory there is for
# (?:(?:(?:a{1000}){1000}){1000}){1000}, and each )+ doubles what it stands behind: 18 within each other took 1.4 s.
_BACKTRACKING_MAX_BYTES: Final = 1000
_REPEATED_GROUPS_MAX: Final = 4
# What follows (? there, where it is something else than this. ``regex`` knows more, which PCRE does not (fuzzy and
# reverse matching), which need not end (recursion), or which may stand between ) and + (comments).
_STRANGE_GROUP: Final = re.compile(rb"\(\?(?![:=!>|]|<[=!]|<\w|P[<=]|[ims-]+[:)])")
# The process's CPU time for one text: harmless ones take 2 to 80 µs.
_LIMIT_S: Final = 0.01
# And once a text took all of that, as somebody may send thousands like it: harmless ones still get their answer.
_SUSPICIOUS_LIMIT_S: Final = 0.0001
# What both engines say, and PCRE's words for it.
_WORDS: Final = {
    "missing ]": "missing terminating ] for character class",
    "unterminated character set": "missing terminating ] for character class",
    "unexpected )": "unmatched parentheses",
    "unbalanced parenthesis": "unmatched parentheses",
    "no argument for repetition operator": "nothing to repeat",
    "bad repetition operator": "nothing to repeat",
    "multiple repeat": "nothing to repeat",
    "trailing \\": "\\ at end of pattern",
    "bad escape (end of pattern)": "\\ at end of pattern",
    "invalid character class range": "range out of order in character class",
    "bad character range": "range out of order in character class",
    "missing >": "syntax error in subpattern name (missing terminator)",
    "invalid named capture group": "syntax error in subpattern name (missing terminator)",
    "unknown extension": "unrecognized character after (? or (?-",
    "unknown group": "reference to non-existent subpattern",
    "invalid group reference": "reference to non-existent subpattern",
    "min repeat greater than max repeat": "numbers out of order in {} quantifier",
    "nothing to repeat": "nothing to repeat",
    "missing )": "missing )",
    "invalid repetition size": "number too big in {} quantifier: at most 1000, also of repetitions within each other",
}
# What RE2 says of {2,1} as of {2000}.
_REPETITION: Final = "invalid repetition size"
_SWAPPED: Final = re.compile(r"\{([0-9]+),([0-9]+)\}")
_AT_THE_END: Final = ("missing )", "missing ]", "trailing \\")


class PatternError(ValueError):
    """What is no pattern. The text is as RabbitMQ shows it, ``{"missing )",1}``: why, and the byte where it shows."""

    def __init__(self, why: str, position: int) -> None:
        shown = why.encode("unicode_escape").decode().replace('"', '\\"')
        super().__init__(f'{{"{shown}",{position}}}')


class Pattern:
    """One that was compiled."""

    __slots__ = ("_found",)

    def __init__(self, found: "_Linear | _Backtracking") -> None:
        self._found = found

    def search(self, text: str) -> bool:
        """Whether it is found anywhere in the text. A search that takes too long has found nothing."""
        return self._found(text.encode(errors="surrogateescape"))


class _Linear:
    """RE2's."""

    __slots__ = ("_search",)

    def __init__(self, expression: Any) -> None:
        self._search = expression.search

    def __call__(self, raw: bytes) -> bool:
        return self._search(raw) is not None


class _Backtracking:
    """``regex``'s. A harmless text is answered rightly even while others take all the time they get."""

    __slots__ = ("_limit_s", "_search")

    def __init__(self, expression: Any) -> None:
        self._search = expression.search
        self._limit_s = _LIMIT_S

    def __call__(self, raw: bytes) -> bool:
        try:
            return self._search(raw, timeout=self._limit_s) is not None
        except TimeoutError:
            self._limit_s = _SUSPICIOUS_LIMIT_S
            return False


def compiled(text: str) -> Pattern:
    """The pattern that ``text`` says. Raises PatternError."""
    try:
        raw = text.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise PatternError("invalid UTF-8 string", error.start) from None
    if len(raw) > _MAX_BYTES:
        raise PatternError("regular expression is too large", 0)
    if raw.lower().count(b"\\p") > _CLASSES_MAX:
        raise PatternError(f"regular expression has more than {_CLASSES_MAX} classes of Unicode", 0)
    try:
        return Pattern(_Linear(re2.compile(raw, _options())))
    except re2.error as error:
        refusal = _text_of(error)
    return Pattern(_Backtracking(_backtracking(raw, refusal)))


def _options() -> Any:
    options = re2.Options()
    # The other encoding is UTF-8.
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    options.never_capture = True
    return options


def _text_of(error: Exception) -> str:
    why = error.args[0]
    return why.decode(errors="replace") if isinstance(why, bytes) else str(why)


def _backtracking(raw: bytes, refusal: str) -> Any:
    """An expression of ``regex``, where it is safe to have it compiled. ``refusal``: what RE2 says of it."""
    kind, _, shown = refusal.partition(": ")
    if kind == _REPETITION and (swapped := _SWAPPED.fullmatch(shown)) and int(swapped[1]) > int(swapped[2]):
        raise PatternError(_WORDS["min repeat greater than max repeat"], raw.find(shown.encode()) + len(shown) - 1)
    if b"{" in raw or raw.count(b")+") > _REPEATED_GROUPS_MAX or len(raw) > _BACKTRACKING_MAX_BYTES:
        why = _WORDS.get(kind, f"{refusal} is known in patterns of 1000 bytes at most, without {{}} and with few )+")
        raise PatternError(why, len(raw) if kind in _AT_THE_END else 0)
    strange = _STRANGE_GROUP.search(raw)
    if strange is not None:
        raise PatternError("unrecognized character after (? or (?-", strange.end())
    # Here, as it takes 12 ms to import and most brokers never need it.
    import regex

    try:
        return regex.compile(raw, regex.V0, cache_pattern=False)
    except regex.error as error:
        # PCRE points at the last character of a range, ``regex`` behind it.
        position = (error.pos or 0) - (error.msg == "bad character range")
        raise PatternError(_WORDS.get(error.msg, error.msg), position) from None
    except RecursionError:
        raise PatternError("regular expression is nested too deeply", 0) from None
