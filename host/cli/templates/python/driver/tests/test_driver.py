"""Tests of the whole driver, on stand-ins for its host."""

import unittest

from cloakroom_testing import Host, Target
from componentize_py_types import Err
from wit_world.imports.types import Error_Denied, Error_Malformed, Error_NotFound


class DriverTest(unittest.TestCase):
    def setUp(self):
        self.host = Host(settings={"bucket": "b"}, buckets={"b": "payloads"})
        self.driver = self.host.driver("app")

    def assert_refused(self, kind, call, *args):
        with self.assertRaises(Err) as refused:
            call(*args)
        self.assertIsInstance(refused.exception.value, kind)

    def test_what_is_stored_is_retrieved(self):
        target = Target(namespace="payments")
        claim = self.driver.store(b"object", target)
        self.assertEqual(self.driver.store(b"object", target), claim)
        self.assertEqual(list(self.host.objects("b")), [claim["key"]])
        self.assertEqual(self.driver.retrieve(claim, target), b"object")

    def test_what_is_missing_is_said(self):
        self.assert_refused(Error_Malformed, self.driver.retrieve, {})
        self.assert_refused(Error_NotFound, self.driver.retrieve, {"key": "v0/none"})

    def test_a_bucket_must_be_granted(self):
        self.assert_refused(Error_Denied, Host(settings={"bucket": "b"}).driver, "app")
