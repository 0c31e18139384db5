import json
import random
import sys
import unittest

sys.path.insert(0, "src")

from fields import Fields
from parts import GAP, Malformed, divide, join
from scan import DEEPEST, MOST, NotJson, TooLarge

SALT = bytes(32)


def moved(document, *fields):
    """Divides and joins a document, and returns the values that were moved."""
    parts = divide(document, Fields("\n".join(fields)), SALT)
    if parts is None:
        return []
    assert join(*parts) == document
    json.loads(parts[0])
    return [value for _, value in json.loads(parts[1])["values"]]


class PartsTest(unittest.TestCase):
    def test_fields_are_found_by_name_and_by_pointer(self):
        document = b'{"a": {"iban": "X", "b": [{"iban": [1, {"iban": 2}]}]}, "iban" : 1.50e+3 }'
        self.assertEqual(moved(document, "iban"), ['"X"', '[1, {"iban": 2}]', "1.50e+3"])
        self.assertEqual(moved(document, "/a/iban", "/a/b/0/iban/0"), ['"X"', "1"])
        self.assertEqual(moved(document, "/iban/x", "/a/b/00", "/", "ib"), [])
        self.assertEqual(moved(b'{"~/": 1, "": [2, 3]}', "/~0~1", "//1"), ["1", "3"])

    def test_escaped_and_repeated_names_are_found(self):
        document = rb'{"\u0069ban": "a\"b", "iban": null, "iban":{}, "gr\u00f6\ud83e\udde5":true}'
        self.assertEqual(moved(document, "iban", "grö\U0001f9e5"), [r'"a\"b"', "null", "{}", "true"])

    def test_bytes_come_back_as_they_were_written(self):
        for document in [
            b' \t\r\n{ "x" :\n[ 1.0 ,1E2, -0, 1e400 ,12345678901234567890 ] , "y":"\\/\\u0041" }\n ',
            '{"x":"ü\U0001f9e5\x7f\u2028","x":{"x":1}}'.encode(),
            b'{"x":NaN,"y":[Infinity,-Infinity],"x":"' + b"long " * 50_000 + b'"}',
            b'[{"x":[]},{"x":{}},{"x":""}]',
        ]:
            self.assertTrue(moved(document, "x"))
            self.assertTrue(moved(document, "x", "y"))

    def test_what_is_no_json_is_not_divided(self):
        for document in [
            b"", b" ", b'"', b'{"x":1', b'{"x":1}}', b'{"x":1,}', b"{'x':1}", b'{"x":01}', b"{x:1}",
            b'{"x":+1}', b'{"x":.5}', b'{"x":1.}', b'{"x":"\n"}', b'{"x":"\\y"}', b'{"x":"\xff"}',
            b'{"x":1]', b'{"x" 1}', b'{"x":tru}', b'[1 2]', b'{"x":}', '{"x":1}'.encode("utf-16"),
        ]:
            with self.assertRaises(NotJson, msg=document):
                divide(document, Fields("x"), SALT)

    def test_it_agrees_with_python_about_what_is_json(self):
        source = random.Random(7)
        alphabet = [b"{", b"}", b"[", b"]", b",", b":", b'"x"', b'"y"', b"1", b"-2.5e3", b"null", b" "]
        valid = 0
        for _ in range(50_000):
            document = b"".join(source.choices(alphabet, k=source.randrange(1, 9)))
            try:
                json.loads(document)
            except ValueError:
                with self.assertRaises(NotJson, msg=document):
                    moved(document, "x")
            else:
                valid += 1
                moved(document, "x")
        self.assertGreater(valid, 1000)

    def test_documents_are_bounded(self):
        deepest = b"[" * DEEPEST + b"]" * DEEPEST
        self.assertEqual(moved(deepest, "x"), [])
        for document in [b"[" + deepest + b"]", b"[" * 1_000_000, b'{"a":' * 1_000_000]:
            with self.assertRaises(TooLarge):
                moved(document, "x")
        with self.assertRaises(TooLarge):
            moved(b"[" + b",".join([b'{"x":1}'] * (MOST + 1)) + b"]", "x")

    def test_settings_that_cannot_be_meant_are_refused(self):
        for lines in ["", "a\n", "a/b", "/~2", "/a~", "x/"]:
            with self.assertRaises(ValueError, msg=lines):
                Fields(lines)


class JoinTest(unittest.TestCase):
    def test_objects_that_do_not_fit_are_refused(self):
        kept, held = divide(b'{"x":1,"y":2}', Fields("x\ny"), SALT)
        good = json.loads(held)
        for changes in [
            {"format": "json-fields/2"}, {"rest": "00" * 32}, {"values": None}, {"values": [1]},
            {"values": [[-1, "1"]]}, {"values": [[6, "1"]]}, {"values": [[5, 1]]}, {"values": [["5", "1"]]},
            {"values": [[5.0, "1"]]}, {"values": [[1e400, "1"]]}, {"values": [[5, "\ud800"]]},
            {"values": [[5, "1"], [5, "1"]]}, {"values": [[14, "1"], [5, "1"]]}, {"values": [[99, "1"]]},
        ]:
            with self.assertRaises(Malformed, msg=changes):
                join(kept, json.dumps(good | changes).encode())
        for held in [b"", b"[]", b"1", b"\xff", b"{}", b"[" * 100_000]:
            with self.assertRaises(Malformed):
                join(kept, held)
        with self.assertRaises(Malformed):
            join(kept.replace(GAP, b"true"), json.dumps(good).encode())
