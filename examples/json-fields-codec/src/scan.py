"""Finds the values of fields in the bytes of a JSON document, without reading it into objects: numbers,
white space, order and repeated names stay as they were written."""

import json
import re

# Deeper documents are refused, because a stack of their levels takes memory.
DEEPEST = 1000

# Each value that is moved takes some hundred bytes more than its own.
MOST = 50_000

# Possessive (`*+`): the engine keeps no place to go back to for each byte.
SPACE = rb"[ \t\n\r]*+"
TEXT = rb'("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
# Python's own writer makes NaN and Infinity of such numbers.
WORD = rb"true|false|null|NaN|-?Infinity"

NAME = re.compile(SPACE + TEXT + SPACE + rb":")
VALUE = re.compile(rb"(?:([{[])|" + TEXT + b"|" + NUMBER + b"|" + WORD + rb")")
NEXT = re.compile(SPACE + rb"([,}\]])")
END = re.compile(SPACE)


class NotJson(Exception):
    """These bytes are no JSON document in UTF-8."""


class TooLarge(Exception):
    """The document has more levels, or more values to move, than this module takes."""


def find(document, fields):
    """Returns start and end of each value that is moved, in order. None lies within another."""
    try:
        document.decode()
    except UnicodeDecodeError:
        raise NotJson from None
    scanner = Scanner(document, fields)
    # A loop and no recursion: a stranger decides how deep the document is.
    step = scanner.value
    while step:
        step = step()
    if END.match(document, scanner.at).end() != len(document):
        raise NotJson
    return scanner.found


class Scanner:
    """Place in a document. Each step reads a part and returns the next step, or None at the end."""

    def __init__(self, document, fields):
        self.document = document
        self.fields = fields
        self.at = 0
        # Name or index in each open container, and whether it is an object.
        self.path = []
        self.kinds = []
        # Level of the value that is being moved, and where that value starts.
        self.moving = None
        self.start = 0
        self.found = []

    def read(self, pattern):
        match = pattern.match(self.document, self.at)
        if not match:
            raise NotJson
        self.at = match.end()
        return match

    def value(self):
        start = self.at = END.match(self.document, self.at).end()
        bracket = self.read(VALUE)[1]
        if self.moving is None and self.path and self.fields.is_moved(self.path, self.kinds[-1]):
            self.moving, self.start = len(self.path), start
        return self.opened(bracket == b"{") if bracket else self.behind()

    def opened(self, is_object):
        if len(self.path) == DEEPEST:
            raise TooLarge(f"a JSON document of more than {DEEPEST} levels")
        self.path.append(0)
        self.kinds.append(is_object)
        at = END.match(self.document, self.at).end()
        if self.document[at : at + 1] == (b"}" if is_object else b"]"):
            self.at = at + 1
            return self.closed()
        return self.name() if is_object else self.value

    def name(self):
        text = self.read(NAME)[1]
        self.path[-1] = json.loads(text) if b"\\" in text else text[1:-1].decode()
        return self.value

    def next(self):
        mark = self.read(NEXT)[1]
        is_object = self.kinds[-1]
        if mark == b",":
            if is_object:
                return self.name()
            self.path[-1] += 1
            return self.value
        if mark == (b"}" if is_object else b"]"):
            return self.closed()
        raise NotJson

    def closed(self):
        self.path.pop()
        self.kinds.pop()
        return self.behind()

    def behind(self):
        """Ends a value. Without an open container, the document ends here."""
        if self.moving == len(self.path):
            if len(self.found) == MOST:
                raise TooLarge(f"more than {MOST} values to move")
            self.found.append((self.start, self.at))
            self.moving = None
        return self.next if self.path else None
